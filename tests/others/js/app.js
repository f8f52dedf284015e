addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

const text = (status, body) => new Response(body, { status, headers: { "content-type": "text/plain" } });

async function answer(request) {
  const url = new URL(request.url);
  switch (url.pathname) {
    case "/post": {
      const body = await request.arrayBuffer();
      const sent = await fetch("http://goals/upload", { method: "POST", body });
      return text(200, `${body.byteLength} ${await sent.text()}`);
    }
    case "/three": {
      const one = async (name) => (await fetch(`http://goals/${name}`)).text();
      return text(200, (await Promise.all(["a", "b", "c"].map(one))).join(" "));
    }
    case "/denied":
      try {
        await fetch("http://elsewhere.example/");
        return text(200, "reached");
      } catch (error) {
        return text(200, "denied");
      }
    case "/hang":
      await fetch("http://goals/hang").catch(() => {});
      for (;;) await new Promise((done) => setTimeout(done, 60_000));
    case "/trap":
      throw new Error("trap");
    case "/memory": {
      const all = [];
      for (;;) all.push(new Uint8Array(1 << 20).fill(1));
    }
    default:
      return text(404, "");
  }
}
