// The steps that every client takes, over a client of either SDK.
//
// A program here is called with TRANSPORT ERA HOURS TARGET..., where TRANSPORT is
// stdio, http or sse, ERA is legacy or modern, HOURS makes its requests unlike those
// of others, and TARGET is an address or a command. It writes one line of JSON for
// each step: {"step", "ok", "note"}.

export const [transport, era, hours, ...target] = process.argv.slice(2);

function say(step, ok, note = '') {
  process.stdout.write(JSON.stringify({ step, ok, note: String(note) }) + '\n');
}

// step takes one step; when it fails the rest is not reached.
async function step(name, work) {
  try {
    const note = await work();
    say(name, true, note);
  } catch (e) {
    say(name, false, e?.stack ?? e);
    process.exit(1);
  }
}

function need(holds, text) {
  if (!holds) throw new Error(text);
}

// take takes all steps. call is (name, arguments, onprogress) => result. run is of
// clients that speak MCP tasks: it calls a tool as a task, calls made with the task's
// id once there is one, and gives { statuses, asked, result, error }.
export async function take({ wire, connect, version, tools, call, read, close, run, cancel }) {
  const ask = async (name, args, onprogress) => {
    const result = await call(name, args, onprogress);
    need(!result.isError, `${name}: ${JSON.stringify(result.content)}`);
    return result.structuredContent;
  };
  let made = 0;
  const make = async (nodes, onprogress) => {
    made++;
    const it = await ask('generate_learning_path_async',
      { topic: 'machine learning', num_nodes: nodes, hours_per_week: Number(hours) + made / 100 }, onprogress);
    need(it.task_id, 'no task_id');
    return it.task_id;
  };
  // One task runs at a time: what is made after these waits a while.
  const keepBusy = () => Promise.all(Array.from({ length: 40 }, () => make(90)));

  // What arrives, by token: the SDKs hand progress on a moment later than answers, and
  // drop what came in one piece with the answer to its call.
  const arrived = new Map();
  await step('connect', async () => {
    await connect();
    const take = wire.onmessage;
    wire.onmessage = (message, ...rest) => {
      if (message.method === 'notifications/progress') {
        const { progressToken, progress } = message.params;
        arrived.set(progressToken, [...(arrived.get(progressToken) ?? []), progress]);
      }
      return take(message, ...rest);
    };
    return version();
  });
  await step('tools', async () => {
    const names = (await tools()).map(t => t.name);
    need(names.includes('generate_learning_path_async'), `tools: ${names}`);
    return `${names.length} tools`;
  });
  let id, path;
  const told = [];
  const create = async () => { await keepBusy(); id = await make(100, () => {}); };
  const wait = async () => {
    arrived.clear();
    const it = await ask('get_task_status', { task_id: id, wait_seconds: 40 }, p => told.push(p.progress));
    need(it.status === 'completed', `the task is ${it.status}`);
  };
  await step('create', create);
  await step('wait', wait);
  await step('progress', async () => {
    // On a busy machine the task may be done before anybody waits for it.
    for (let i = 0; i < 5 && arrived.size === 0; i++) { await create(); await wait(); }
    need(arrived.size > 0, 'no progress was told');
    const all = arrived.get(Math.max(...arrived.keys())); // of the last call that asked
    need(all.every((p, i) => i === 0 || p >= all[i - 1]), `progress fell: ${all}`);
    const lost = told.length < all.length ? `; handed on: ${told.length}` : '';
    return `${all.length}, up to ${all.at(-1)}${lost}`;
  });
  await step('path', async () => {
    path = await ask('get_learning_path', { id });
    need(path.content.includes('http'), 'a path without links');
  });
  await step('resource', async () => {
    const { contents } = await read(`trilha://paths/${path.path_id}`);
    need(JSON.parse(contents[0].text), 'an empty resource');
  });
  // soon tries again what may come too late on a busy machine: the task is done.
  const soon = async work => {
    for (let i = 1; ; i++) {
      try { return await work(); } catch (e) { if (i === 5) throw e; }
    }
  };
  await step('cancel', () => soon(async () => {
    await keepBusy();
    const other = await make(13);
    const it = await ask('cancel_task', { task_id: other });
    need(it.status === 'cancelled', `the task is ${it.status}`);
  }));
  if (run) {
    const asTask = (topic, made_) => run({ topic, num_nodes: 14, hours_per_week: Number(hours) + ++made / 100 }, made_);
    await step('task', async () => {
      const it = await asTask('machine learning');
      need(it.result?.structuredContent, `no result: ${it.error}`);
      return it.statuses.join(', ');
    });
    await step('task asks', async () => {
      const it = await asTask('functions');
      need(it.asked > 0, 'nothing was asked');
      need(it.result && !it.result.isError, `no result: ${it.error ?? JSON.stringify(it.result)}`);
    });
    await step('task cancel', () => soon(async () => {
      await keepBusy();
      let status;
      await asTask('machine learning', async id => { status = await cancel(id); });
      need(status === 'cancelled', `the task is ${status}`);
    }));
  }
  await close();
}
