// Asks a model with the plain `openai` package, then tells llmtrack what that used; twice, as programs that retry do.
import OpenAI from "openai";

const [model, baseURL, server, token] = process.argv.slice(2);
const client = new OpenAI({ apiKey: "sk-test", baseURL, maxRetries: 0 });
const started = new Date();
const answer = await client.chat.completions.create({ model, messages: [{ role: "user", content: "Hello" }] });
const record = {
  id: answer.id,
  provider: "openai",
  response: answer,
  started_at: started.toISOString(),
  duration: (Date.now() - started.getTime()) / 1000,
  feature: "node",
};
for (let sent = 0; sent < 2; sent++) {
  const response = await fetch(`${server}/api/generations`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(record),
  });
  console.log(response.status, JSON.stringify(await response.json()), JSON.stringify(answer.usage));
}
