// What the pages need beside mdBook. Without it, or without a network, pictures show as their text.

// Pictures: blocks of code marked `mermaid`.
const pictures = document.querySelectorAll("code.language-mermaid");
if (pictures.length > 0) {
  const script = document.createElement("script");
  script.src = "https://cdn.jsdelivr.net/npm/mermaid@11.17.2/dist/mermaid.min.js";
  script.integrity = "sha384-EOXBFmc3gx5mb+vn0vPvvGqACToJD24hhacX5Yx+8NUUQrHIle/Qi5Bg9o3zKwW2";
  script.crossOrigin = "anonymous";
  script.addEventListener("load", () => {
    for (const picture of pictures) {
      const drawn = document.createElement("div");
      drawn.className = "mermaid";
      drawn.textContent = picture.textContent;
      picture.closest("pre").replaceWith(drawn);
    }
    const dark = /\b(navy|coal|ayu)\b/.test(document.documentElement.className);
    mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "default" });
    mermaid.run();
  });
  document.head.append(script);
}

// Links to pages that are not in the book: mdBook turns `.md` into `.html` in these, too.
const book = new URL(`./${typeof path_to_root === "string" ? path_to_root : ""}`, location.href);
for (const link of document.querySelectorAll("main a[href]")) {
  const here = link.protocol === location.protocol && link.host === location.host;
  if (here && !link.href.startsWith(book.href)) {
    link.href = link.href.replace(/\.html(?=#|$)/, ".md");
  }
}
