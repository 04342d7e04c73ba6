// A model that follows a script, behind the HTTP interface that OpenAI's client speaks (chat completions). It calls the tool that it was
// offered with broken code, reads the error, mends the code and calls again, and answers with what that printed.
import { createServer } from "node:http";

const broken = "total = sum(range(10))\nprint(totl)";

// What a model would do next, from what it was sent alone.
function next(request) {
  const tool = request.tools?.find((offered) => offered.function.name.endsWith("code_exec_python"));
  if (!tool) return { content: `no tool; offered: ${JSON.stringify(request.tools ?? [])}` };
  const results = request.messages.filter((message) => message.role === "tool").map((message) => text(message.content));
  if (results.length === 0) return call(tool, broken);
  const last = results.at(-1);
  const name = /NameError: name '(\w+)' is not defined\. Did you mean: '(\w+)'\?/.exec(last);
  if (name) return call(tool, broken.replace(name[1], name[2]));
  return { content: `The code printed: ${/"stdout": ?"([^"]*)"/.exec(last.replaceAll('\\"', '"'))?.[1] ?? last}` };
}

// One text, or a list of parts.
const text = (content) => (typeof content === "string" ? content : content.map((part) => part.text ?? "").join(""));

const call = (tool, code) => ({
  content: null,
  tool_calls: [{ id: `call_${Math.random().toString(36).slice(2)}`, type: "function", function: { name: tool.function.name, arguments: JSON.stringify({ code, packages: null }) } }],
});

/** Starts it on a free port of this machine. */
export async function startModel() {
  const requests = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    requests.push(JSON.parse(body));
    const message = { role: "assistant", ...next(requests.at(-1)) };
    const answer = {
      id: "chatcmpl-1", object: "chat.completion", created: 0, model: "scripted",
      choices: [{ index: 0, message, finish_reason: message.tool_calls ? "tool_calls" : "stop" }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/v1`, requests, stop: () => server.close() };
}
