/**
 * Node with undici's pools, a process for each core: `node.mjs PORT PROCESSES activity=URL ...`.
 */
import cluster from "node:cluster";
import { createServer } from "node:http";
import { Pool } from "undici";
import { answer } from "./bffs.ts";

const [port, processes, ...services] = process.argv.slice(2);
if (cluster.isPrimary) {
  for (let count = 0; count < Number(processes); count += 1) cluster.fork();
} else {
  const pools = new Map<string, Pool>();
  for (const service of services) {
    const [name = "", url = ""] = service.split("=");
    pools.set(name, new Pool(url, { connections: 128 }));
  }
  const get = async (service: string, path: string): Promise<string> => {
    const { statusCode, body } = await pools.get(service)!.request({ method: "GET", path });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`${service}: ${statusCode}`);
    return text;
  };
  const server = createServer((request, response) => {
    answer(request.url ?? "/", get).then(
      ({ status, headers, body }) => {
        response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
        response.end(body);
      },
      () => response.writeHead(500).end(),
    );
  });
  server.keepAliveTimeout = 60_000;
  server.listen(Number(port), "127.0.0.1");
}
