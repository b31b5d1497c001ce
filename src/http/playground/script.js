"use strict";

const element = (id) => document.getElementById(id);
let socket = null;

const show = (value) => {
  element("answer").textContent = typeof value === "string" ? value : JSON.stringify(value, null, 2);
};

const add = (value) => {
  element("answer").textContent += JSON.stringify(value, null, 2) + "\n";
};

const stop = () => {
  if (socket) socket.close(1000);
  socket = null;
  element("run").textContent = "Run";
};

const post = async (request) => {
  const headers = { "content-type": "application/json" };
  const token = element("token").value.trim();
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch("../graphql", { method: "POST", headers, body: JSON.stringify(request), credentials: "omit" });
  const text = await answer.text();
  try {
    show(JSON.parse(text));
  } catch {
    show(text);
  }
};

const subscribe = (request) => {
  show("");
  const url = new URL("ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url, "graphql-transport-ws");
  element("run").textContent = "Stop";
  const send = (message) => socket && socket.send(JSON.stringify(message));
  socket.onopen = () => send({ type: "connection_init", payload: { Authorization: `Bearer ${element("token").value.trim()}` } });
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "connection_ack") send({ id: "1", type: "subscribe", payload: request });
    else if (message.type === "ping") send({ type: "pong" });
    else if (message.type === "next" || message.type === "error") add(message.payload);
    else if (message.type === "complete") stop();
  };
  socket.onclose = ({ code, reason }) => {
    if (code !== 1000) add({ closed: code, reason });
    stop();
  };
};

const run = async () => {
  if (socket) return stop();
  try {
    const request = { query: element("query").value, variables: JSON.parse(element("variables").value || "{}") };
    if (/^\s*subscription\b/.test(request.query)) subscribe(request);
    else await post(request);
  } catch (error) {
    show(String(error));
  }
};

element("run").addEventListener("click", run);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});
