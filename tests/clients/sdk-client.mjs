// A client on the official TypeScript SDK. Prints what it saw as one JSON object.
//
// usage: node sdk-client.mjs call|cancel stdio|sse|http TARGET CODE
//   TARGET   an endpoint's URL, or for stdio a shell's command line
//   call     lists the tools, then calls code_exec_python and shows progress on stderr; the SDK checks the result against the output schema
//   cancel   calls it and cancels as soon as the code has printed something
// API_KEY is sent as a bearer token.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [action, kind, target, code] = process.argv.slice(2);
const patience = 60_000;

function connection() {
  const headers = process.env.API_KEY ? { Authorization: `Bearer ${process.env.API_KEY}` } : {};
  switch (kind) {
    case "stdio":
      // The SDK hands on a short list of variables alone; the settings of the test are among the rest.
      return new StdioClientTransport({ command: "/bin/sh", args: ["-c", target], env: process.env, stderr: "inherit" });
    case "sse":
      return new SSEClientTransport(new URL(target), { requestInit: { headers } });
    case "http":
      return new StreamableHTTPClientTransport(new URL(target), { requestInit: { headers } });
    default:
      throw new Error(`unknown transport ${kind}`);
  }
}

async function call(client) {
  const { tools } = await client.listTools({}, { timeout: patience });
  const request = { name: "code_exec_python", arguments: { code } };
  const result = await client.callTool(request, undefined, { timeout: patience, onprogress: (update) => console.error(`progress: ${JSON.stringify(update)}`) });
  return { server: client.getServerVersion(), tools, result };
}

async function cancel(client) {
  const abort = new AbortController();
  const request = { name: "code_exec_python", arguments: { code } };
  try {
    await client.callTool(request, undefined, { timeout: patience, signal: abort.signal, onprogress: () => abort.abort("enough seen") });
    return { cancelled: false };
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    // Another call in the same session: cancelling one must not have hurt it.
    const { tools } = await client.listTools({}, { timeout: patience });
    return { cancelled: true, toolsAfterwards: tools.length };
  }
}

const client = new Client({ name: "sdk-client", version: "1.0.0" });
// A connection that broke, and what the client does about it.
client.onerror = (error) => console.error(`client: ${error.message}`);
await client.connect(connection(), { timeout: patience });
const seen = action === "cancel" ? await cancel(client) : await call(client);
await client.close();
console.log(JSON.stringify(seen));
