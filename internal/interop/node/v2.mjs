// The TypeScript SDK v2, which speaks both eras.
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { era, take, target, transport } from './steps.mjs';

const [command, ...args] = target;
const wire = {
  stdio: () => new StdioClientTransport({ command, args, stderr: 'inherit' }),
  http: () => new StreamableHTTPClientTransport(new URL(command)),
  sse: () => new SSEClientTransport(new URL(command)),
}[transport]();

const client = new Client({ name: 'interop', version: '1' }, {
  versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' },
});
await take({
  wire,
  connect: () => client.connect(wire),
  version: () => client.getNegotiatedProtocolVersion(),
  tools: async () => (await client.listTools()).tools,
  call: (name, args, onprogress) => client.callTool({ name, arguments: args }, { onprogress }),
  read: uri => client.readResource({ uri }),
  close: async () => {
    await wire.terminateSession?.();
    await client.close();
  },
});
