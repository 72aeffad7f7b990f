// What programs do with the `openai` and `@anthropic-ai/sdk` packages, each thing twice: straight at the provider, then
// through the gateway, under a feature of its name. Prints a line of JSON for each: its name, and what came both times.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const [provider, gateway, token] = process.argv.slice(2);
const GPT = "gpt-4o";
const CLAUDE = "claude-haiku-4-5";
const messages = [{ role: "user", content: "Hello" }];
const city = { type: "object", properties: { city: { type: "string" } } };
const openaiTools = [{ type: "function", function: { name: "get_weather", parameters: city } }];
const anthropicTools = [{ name: "get_weather", input_schema: city }];

const all = async (stream) => {
  const found = [];
  for await (const event of stream) found.push(event);
  return found;
};

// Leaves as soon as the stream has said something.
const leave = async (stream, says) => {
  for await (const event of stream) {
    const text = says(event);
    if (!text) continue;
    stream.controller.abort();
    return text;
  }
};

const openai = {
  // First, as the test has the provider fail twice before the answer.
  retries: (client) => client.chat.completions.create({ model: GPT, messages }),
  plain: (client) => client.chat.completions.create({ model: GPT, messages }),
  stream: async (client) => all(await client.chat.completions.create({ model: GPT, messages, stream: true })),
  usage: async (client) =>
    all(
      await client.chat.completions.create({
        model: GPT, messages, stream: true, stream_options: { include_usage: true },
      }),
    ),
  tools: async (client) => {
    const stream = client.chat.completions.stream({ model: `${GPT}@tools`, messages, tools: openaiTools });
    return (await stream.finalChatCompletion()).choices[0].message.tool_calls;
  },
  responses: async (client) => (await client.responses.create({ model: GPT, input: "Hello" })).output,
  "responses-stream": async (client) => {
    const events = await all(await client.responses.create({ model: GPT, input: "Hello", stream: true }));
    return events.map((event) => [event.type, event.delta ?? event.response?.usage ?? null]);
  },
  embeddings: (client) => client.embeddings.create({ model: "text-embedding-3-small", input: "Hello" }),
  error: (client) => client.chat.completions.create({ model: `${GPT}@404`, messages }),
  models: async (client) => (await all(await client.models.list())).map((model) => model.id),
  abort: async (client) =>
    leave(
      await client.chat.completions.create({ model: `${GPT}@stall=3`, messages, stream: true }),
      (chunk) => chunk.choices[0].delta.content,
    ),
};

const anthropic = {
  retries: (client) => client.messages.create({ model: CLAUDE, max_tokens: 9, messages }),
  plain: (client) => client.messages.create({ model: CLAUDE, max_tokens: 9, messages }),
  stream: async (client) => all(await client.messages.create({ model: CLAUDE, max_tokens: 9, messages, stream: true })),
  beta: (client) =>
    client.beta.messages.create({ model: `${CLAUDE}@cached`, max_tokens: 9, messages, betas: ["one-2026-01-01"] }),
  tools: (client) =>
    client.messages
      .stream({ model: `${CLAUDE}@tools`, max_tokens: 9, messages, tools: anthropicTools })
      .finalMessage(),
  error: (client) => client.messages.create({ model: `${CLAUDE}@404`, max_tokens: 9, messages }),
  models: async (client) => (await all(await client.models.list())).map((model) => model.id),
  count: (client) => client.messages.countTokens({ model: CLAUDE, messages }),
  abort: async (client) =>
    leave(
      await client.messages.create({ model: `${CLAUDE}@stall=4`, max_tokens: 9, messages, stream: true }),
      (event) => event.delta?.text,
    ),
};

const outcome = async (run) => {
  try {
    return { answer: await run() };
  } catch (error) {
    const { status, message, code, type, requestID } = error;
    return { error: error.constructor.name, status, message, code, type, requestID };
  }
};

for (const [name, things, Client, path] of [
  ["openai", openai, OpenAI, "/openai/v1"],
  ["anthropic", anthropic, Anthropic, "/anthropic"],
]) {
  const direct = new Client({ apiKey: "sk-direct", baseURL: provider + path });
  for (const [thing, run] of Object.entries(things)) {
    const feature = `${name}-${thing}`;
    const defaultHeaders = { "X-Llmtrack-Feature": feature, "X-Llmtrack-Session": "npm" };
    const through = new Client({ apiKey: token, baseURL: gateway + path, defaultHeaders });
    const both = { direct: await outcome(() => run(direct)), through: await outcome(() => run(through)) };
    console.log(JSON.stringify({ name: feature, ...both }));
  }
}
