// A client on the second generation of the official TypeScript SDK. Prints what it saw as one JSON object.
//
// usage: node client-v2.mjs stdio|sse|http legacy|auto TARGET CODE
//   legacy   starts with the handshake of the revisions up to 2025-11-25; auto tries 2026-07-28 first
//   TARGET   an endpoint's URL, or for stdio a shell's command line
// It lists the tools, calls code_exec_python and shows progress on stderr, then calls it again and cancels as soon as the code has printed something.
// API_KEY is sent as a bearer token.
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const [kind, mode, target, code] = process.argv.slice(2);
const patience = 60_000;

function connection() {
  const headers = process.env.API_KEY ? { Authorization: `Bearer ${process.env.API_KEY}` } : {};
  switch (kind) {
    case "stdio":
      return new StdioClientTransport({ command: "/bin/sh", args: ["-c", target], env: process.env, stderr: "inherit" });
    case "sse":
      return new SSEClientTransport(new URL(target), { requestInit: { headers } });
    case "http":
      return new StreamableHTTPClientTransport(new URL(target), { requestInit: { headers } });
    default:
      throw new Error(`unknown transport ${kind}`);
  }
}

const request = (source) => ({ name: "code_exec_python", arguments: { code: source } });
const client = new Client({ name: "client-v2", version: "1.0.0" }, { versionNegotiation: { mode } });
await client.connect(connection(), { timeout: patience });
const { tools } = await client.listTools({}, { timeout: patience });
const result = await client.callTool(request(code), { timeout: patience, onprogress: (update) => console.error(`progress: ${JSON.stringify(update)}`) });

const abort = new AbortController();
let cancelled = false;
try {
  await client.callTool(request("print('ready', flush=True)\nimport time; time.sleep(600)"), { timeout: patience, signal: abort.signal, onprogress: () => abort.abort("enough seen") });
} catch (error) {
  if (!abort.signal.aborted) throw error;
  cancelled = true;
}
const afterwards = (await client.listTools({}, { timeout: patience })).tools.length;
const revision = client.getNegotiatedProtocolVersion();
await client.close();
console.log(JSON.stringify({ revision, tools, result, cancelled, toolsAfterwards: afterwards }));
