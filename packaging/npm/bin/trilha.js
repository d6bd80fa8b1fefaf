#!/usr/bin/env node
// Starts the binary that npm installed beside this package, with the same
// arguments and standard streams, and ends as it ends.
'use strict';

const { spawn } = require('node:child_process');

const family = require('../package.json').name;
const platform = process.platform === 'darwin' ? 'darwin' : `${process.platform}-${process.arch}`;
const binary = process.platform === 'win32' ? 'bin/trilha.exe' : 'bin/trilha';

let path;
try {
  path = require.resolve(`${family}-${platform}/${binary}`);
} catch {
  console.error(
    `trilha: the package ${family}-${platform} is not here. Either npm was told to leave out optional dependencies ` +
      `(install without --omit=optional), or there is no binary for this machine: ` +
      `go install github.com/trilha/trilha/cmd/trilha@latest builds one.`,
  );
  process.exit(1);
}

const child = spawn(path, process.argv.slice(2), { stdio: 'inherit' });
child.on('error', (err) => {
  console.error(`trilha: ${path}: ${err.message}`);
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => child.kill(signal));
}
child.on('exit', (code, signal) => {
  if (signal === null) {
    process.exit(code);
  }
  // The same signal, so that whoever started this sees why it ended.
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
