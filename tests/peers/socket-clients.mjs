// Clients of socket.io-client 4, driven by lines of JSON on stdin; everything they hear is a line on stdout.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const clients = new Map();
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

const orders = {
  connect({ client, address, token, transports }) {
    const socket = io(address, { auth: { token }, transports, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 100 });
    clients.set(client, socket);
    socket.on("connect", () => say({ client, is: "connect" }));
    socket.on("connect_error", (error) => say({ client, is: "connect_error", message: error.message, data: error.data }));
    socket.on("disconnect", (reason) => say({ client, is: "disconnect", reason }));
    socket.onAny((event, data) => say({ client, is: "event", event, data }));
    socket.io.engine.once("upgrade", (transport) => say({ client, is: "upgrade", transport: transport.name }));
  },
  emit({ client, id, event, data }) {
    clients.get(client).timeout(8000).emit(event, data, (error, answer) =>
      say({ client, is: "ack", id, answer: error ? null : answer }));
  },
  close({ client }) {
    clients.get(client).disconnect();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  orders[order.do](order);
}
process.exit(0);
