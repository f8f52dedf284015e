/** A Worker for workerd, with a binding for each service. */
import { answer } from "./bffs.ts";

interface Service {
  fetch(url: string): Promise<Response>;
}

export default {
  async fetch(request: Request, env: Readonly<Record<string, Service>>): Promise<Response> {
    const get = async (service: string, path: string): Promise<string> => {
      const response = await env[service]!.fetch(`http://${service}${path}`);
      if (response.status !== 200) throw new Error(`${service}: ${response.status}`);
      return response.text();
    };
    const url = new URL(request.url);
    const { status, headers, body } = await answer(url.pathname + url.search, get);
    return new Response(body, { status, headers });
  },
};
