// What an assistant does with a server that it starts: list the tools, have a path
// made, wait for it, fetch it. Over standard input and output, with no library.
//
//   node first-path.mjs COMMAND ARGS...
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const [command, ...args] = process.argv.slice(2);
const patience = 60_000; // for everything
const began = Date.now();

const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
const die = (why) => {
  console.error(`first-path: ${why}`);
  server.kill('SIGKILL');
  process.exit(1);
};
const timer = setTimeout(() => die(`no end after ${patience / 1000} s`), patience);
server.on('error', (err) => die(err.message));

const waiting = new Map();
createInterface({ input: server.stdout }).on('line', (line) => {
  let message;
  try {
    message = JSON.parse(line);
  } catch {
    die(`standard output has what is no JSON: ${line.slice(0, 200)}`);
  }
  waiting.get(message.id)?.(message);
});

let last = 0;
function ask(method, params) {
  const id = ++last;
  server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  return new Promise((resolve) => waiting.set(id, resolve)).then((answer) => {
    if (answer.error || answer.result.isError) die(`${method}: ${JSON.stringify(answer)}`);
    return answer.result;
  });
}
const call = (name, given) => ask('tools/call', { name, arguments: given });

const hello = await ask('initialize', {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'first-path', version: '1' },
});
server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
const { tools } = await ask('tools/list', {});
const listed = Date.now() - began;
if (!tools.some((t) => t.name === 'generate_learning_path_async')) die('tools/list lacks generate_learning_path_async');

const { structuredContent: made } = await call('generate_learning_path_async', { topic: 'linear algebra', num_nodes: 6 });
const { structuredContent: end } = await call('get_task_status', { task_id: made.task_id, wait_seconds: 30 });
if (end.status !== 'completed') die(`the task is ${end.status}`);
const path = await call('get_learning_path', { id: made.task_id });
if (!path.content[0].text.includes('# Learning path')) die(`no path: ${path.content[0].text.slice(0, 200)}`);

server.stdin.end();
const status = await new Promise((resolve) => server.on('exit', resolve));
if (status !== 0) die(`the server ended with ${status} at the end of input`);
clearTimeout(timer);
console.log(
  `   ${hello.serverInfo.name} ${hello.serverInfo.version}: ${tools.length} tools listed after ${listed} ms, first path after ${Date.now() - began} ms`,
);
