// Receives webhooks and checks their signatures with the `standardwebhooks` package: a line of JSON for each.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.argv[2]);
const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString("utf8");
    let result;
    try {
      result = { verified: webhook.verify(body, request.headers), id: request.headers["webhook-id"] };
    } catch (error) {
      result = { refused: error.message };
    }
    console.log(JSON.stringify(result));
    response.writeHead(result.verified ? 204 : 401).end();
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
