// The npm package graphql-ws, as browsers and servers use it, against a server that runs.
//
// Reads WS_URL, TOKEN, ACCOUNT, CONTROL_URL from the environment.
import assert from "node:assert/strict";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const { WS_URL, TOKEN, ACCOUNT, CONTROL_URL } = process.env;
const client = createClient({
  url: WS_URL,
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: `Bearer ${TOKEN}` },
  retryAttempts: 0,
});

const once = (payload) =>
  new Promise((resolve, reject) => {
    let result;
    client.subscribe(payload, { next: (value) => (result = value), error: reject, complete: () => resolve(result) });
  });

const post = async (text) => {
  const answer = await fetch(`${CONTROL_URL}/sandbox/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ from: "+15550000003", to: "+15550000001", text }),
  });
  assert.ok(answer.ok, await answer.text());
};

const query = await once({ query: "{ accounts { accountId connected } }" });
assert.equal(query.data.accounts[0].accountId, ACCOUNT);

const sent = await once({
  query: "mutation($a: String!, $c: Int!, $t: String!) { sendMessage(accountId: $a, chatId: $c, text: $t) { text } }",
  variables: { a: ACCOUNT, c: 5000000003, t: "from the npm client" },
});
assert.deepEqual(sent, { data: { sendMessage: { text: "from the npm client" } } });

await assert.rejects(once({ query: "{" }), (errors) => errors[0].extensions.code === "GRAPHQL_PARSE_FAILED");

const follow = "subscription($a: String!, $at: String) { messageReceived(accountId: $a, after: $at) { payload cursor } }";
const texts = [];
let cursor = "oldest";
const read = async (count, posts) => {
  const events = client.iterate({ query: follow, variables: { a: ACCOUNT, at: cursor } });
  for (const text of posts) await post(text);
  for await (const { data, errors } of events) {
    assert.equal(errors, undefined);
    cursor = data.messageReceived.cursor;
    const { text } = data.messageReceived.payload;
    if (text && text.startsWith("n")) texts.push(text);
    if (texts.length === count) break;
  }
};
await read(1, ["n1"]);
await post("n2");
await read(3, ["n3"]);
assert.deepEqual(texts, ["n1", "n2", "n3"]);
await client.dispose();

const stranger = createClient({ url: WS_URL, webSocketImpl: WebSocket, connectionParams: { Authorization: "no" }, retryAttempts: 0 });
const refused = await new Promise((resolve) => {
  stranger.subscribe({ query: "{ accounts { phone } }" }, { next: () => {}, error: resolve, complete: () => resolve(undefined) });
});
assert.equal(refused.code, 1002);
console.log("graphql-ws: queries, mutations, subscriptions that resume, and refusals work");
