/**
 * Says where module-level code of a bundle is after a while, when it does not end: it runs the
 * bundle in a thread of Node, and asks that thread's debugger.
 *
 *     node node_modules/@tailor/kit/tools/where.mjs <bundle.js> <milliseconds>
 *
 * It prints `spin src/tables.ts:3:12 < <module> src/main.ts:8:1`, or nothing when it ends here.
 */
import { readFileSync, writeFileSync, writeSync } from "node:fs";
import { Session } from "node:inspector";
import { relative, resolve, dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { isMainThread, Worker } from "node:worker_threads";
import { before, mappingsOf } from "./lines.mjs";

/** Calls that are printed. */
const MOST = 5;

const [bundle = "", wait = ""] = process.argv.slice(2);
const copy = `${resolve(bundle)}.mjs`;
if (!isMainThread) {
  await import(pathToFileURL(copy).href);
} else if (wait === "") {
  process.stderr.write("usage: where.mjs <bundle.js> <milliseconds>\n");
  process.exit(2);
} else {
  // The host is not there: its functions are nothing.
  const text = readFileSync(bundle, "utf8").replace(
    /^import (\* as )?(.*) from "tailor:[^"]*";$/gm,
    (_, all, names) => (all === undefined ? `var ${names.replaceAll(" as ", ": ")} = {};` : `var ${names} = {};`),
  );
  writeFileSync(copy, text);
  watch();
}

function watch() {
  const session = new Session();
  let script = "";
  session.connect();
  session.on("NodeWorker.attachedToWorker", ({ params: { sessionId } }) => {
    const send = (/** @type {string} */ method) =>
      session.post("NodeWorker.sendMessageToWorker", { sessionId, message: JSON.stringify({ id: 1, method }) });
    send("Debugger.enable");
    setTimeout(() => send("Debugger.pause"), Number(wait));
  });
  session.on("NodeWorker.receivedMessageFromWorker", ({ params: { message } }) => {
    const { method, params } = JSON.parse(message);
    if (method === "Debugger.scriptParsed" && params.url === pathToFileURL(copy).href) script = params.scriptId;
    if (method !== "Debugger.paused") return;
    writeSync(1, `${named(params.callFrames, script)}\n`);
    // An exit would wait for the thread.
    process.kill(process.pid, "SIGKILL");
  });
  session.post("NodeWorker.enable", { waitForDebuggerOnStart: false }, () => {
    const worker = new Worker(new URL(import.meta.url), { argv: [bundle, wait] });
    worker.once("error", () => process.exit(0));
    worker.once("exit", () => process.exit(0));
  });
}

/** @param {readonly import("node:inspector").Debugger.CallFrame[]} frames @param {string} script */
function named(frames, script) {
  const map = JSON.parse(readFileSync(`${bundle}.map`, "utf8"));
  const lines = mappingsOf(map.mappings);
  const calls = frames.flatMap(({ functionName, location }) => {
    const from = location.scriptId === script ? before(lines[location.lineNumber] ?? [], location.columnNumber ?? 0) : undefined;
    const source = from === undefined ? undefined : map.sources[from.file];
    if (from === undefined || source === undefined) return [];
    const file = relative(process.cwd(), resolve(dirname(bundle), source));
    return [`${functionName === "" ? "<module>" : functionName} ${file}:${from.line + 1}:${from.column + 1}`];
  });
  return calls.slice(0, MOST).join(" < ");
}
