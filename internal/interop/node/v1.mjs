// The TypeScript SDK v1, which speaks protocols before 2026-07-28.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
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

const client = new Client({ name: 'interop', version: '1' }, { capabilities: { elicitation: {} } });

// The user picks the first of what is offered.
let asked = 0;
client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
  asked++;
  const content = {};
  for (const [name, schema] of Object.entries(params.requestedSchema.properties)) {
    content[name] = schema.enum?.[0] ?? schema.oneOf?.[0].const;
  }
  return { action: 'accept', content };
});

// run calls a tool as a core task of 2025-11-25.
async function run(args, made) {
  const tasks = client.experimental.tasks;
  const it = { statuses: [], asked: 0 };
  const before = asked;
  for await (const m of tasks.callToolStream({ name: 'generate_learning_path', arguments: args }, undefined, { task: { ttl: 60_000 } })) {
    if (m.task && m.task.status !== it.statuses.at(-1)) it.statuses.push(m.task.status);
    if (m.type === 'taskCreated') await made?.(m.task.taskId);
    if (m.type === 'result') it.result = m.result;
    if (m.type === 'error') it.error = m.error;
  }
  it.asked = asked - before;
  return it;
}

await take({
  wire,
  connect: () => client.connect(wire),
  version: () => version,
  tools: async () => (await client.listTools()).tools,
  call: (name, args, onprogress) => client.callTool({ name, arguments: args }, undefined, { onprogress }),
  run,
  cancel: async id => (await client.experimental.tasks.cancelTask(id)).status,
  read: uri => client.readResource({ uri }),
  close: async () => {
    await wire.terminateSession?.();
    await client.close();
  },
});
