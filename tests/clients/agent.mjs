// An agent of OpenAI's agents SDK with the tool registered as an MCP server, and a scripted model. Prints what it saw as one JSON object.
//
// usage: node agent.mjs stdio|sse|http TARGET
//   TARGET   an endpoint's URL, or for stdio a shell's command line
// API_KEY is sent as a bearer token.
import { Agent, MCPServerSSE, MCPServerStdio, MCPServerStreamableHttp, run, setDefaultOpenAIClient, setOpenAIAPI, setTracingDisabled } from "@openai/agents";
import OpenAI from "openai";
import { startModel } from "./model-stand-in.mjs";

const [kind, target] = process.argv.slice(2);

function server() {
  const headers = process.env.API_KEY ? { Authorization: `Bearer ${process.env.API_KEY}` } : {};
  const shared = { name: "codeexec", clientSessionTimeoutSeconds: 60, timeout: 60_000 };
  switch (kind) {
    case "stdio":
      return new MCPServerStdio({ ...shared, command: "/bin/sh", args: ["-c", target], env: process.env });
    case "sse":
      // The stream itself is opened by another fetch, which needs the key too.
      return new MCPServerSSE({ ...shared, url: target, requestInit: { headers }, eventSourceInit: { fetch: (url, init) => fetch(url, { ...init, headers: { ...init?.headers, ...headers, Accept: "text/event-stream" } }) } });
    case "http":
      return new MCPServerStreamableHttp({ ...shared, url: target, requestInit: { headers } });
    default:
      throw new Error(`unknown transport ${kind}`);
  }
}

const model = await startModel();
setTracingDisabled(true);
setOpenAIAPI("chat_completions");
setDefaultOpenAIClient(new OpenAI({ apiKey: "none", baseURL: model.url }));
const mcp = server();
await mcp.connect();
try {
  const agent = new Agent({ name: "calculator", instructions: "Use the tool.", model: "scripted", mcpServers: [mcp] });
  const result = await run(agent, "What is the sum of the first ten numbers?", { maxTurns: 6 });
  const calls = result.newItems.filter((item) => item.type === "tool_call_output_item").map((item) => item.output);
  console.log(JSON.stringify({ answer: result.finalOutput, calls: calls.length, tools: model.requests[0].tools.map((tool) => tool.function.name) }));
} finally {
  await mcp.close();
  model.stop();
}
