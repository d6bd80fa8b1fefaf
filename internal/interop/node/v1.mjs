// The TypeScript SDK v1, which speaks protocols before 2026-07-28.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { take, target, transport } from './steps.mjs';

const [command, ...args] = target;
const wire = {
  stdio: () => new StdioClientTransport({ command, args, stderr: 'inherit' }),
  http: () => new StreamableHTTPClientTransport(new URL(command)),
  sse: () => new SSEClientTransport(new URL(command)),
}[transport]();

// The client tells the transport what was negotiated, and nobody else.
let version = 'unknown';
const tell = wire.setProtocolVersion?.bind(wire);
wire.setProtocolVersion = v => { version = v; tell?.(v); };

const client = new Client({ name: 'interop', version: '1' });
await take({
  wire,
  connect: () => client.connect(wire),
  version: () => version,
  tools: async () => (await client.listTools()).tools,
  call: (name, args, onprogress) => client.callTool({ name, arguments: args }, undefined, { onprogress }),
  read: uri => client.readResource({ uri }),
  close: async () => {
    await wire.terminateSession?.();
    await client.close();
  },
});
