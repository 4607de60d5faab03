// node-postgres: one log-in for each line of standard input, which holds the driver's options in JSON; files of ssl by their names.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import pg from 'pg';

const { version } = createRequire(import.meta.url)('pg/package.json');

// There is no option for it: the chain is checked, and the name is not.
const anyName = { checkServerIdentity: () => undefined };

function options({ ssl, ...others }) {
  if (!ssl) return { ...others, ssl: false };
  const { checkName, ...more } = ssl;
  for (const file of ['ca', 'cert', 'key']) {
    if (more[file] && existsSync(more[file])) more[file] = readFileSync(more[file]);
    else delete more[file];
  }
  return { ...others, ssl: checkName ? more : { ...more, ...anyName } };
}

async function logIn(line) {
  const client = new pg.Client({ ...options(JSON.parse(line)), connectionTimeoutMillis: 30000 });
  client.on('error', () => {}); // what comes after the answer
  try {
    await client.connect();
    const { rows } = await client.query('SELECT current_user AS name');
    return ['ok', rows[0].name, client.connection.stream.encrypted ? 'tls' : 'plain'];
  } catch (e) {
    const state = e instanceof pg.DatabaseError ? e.code : 'own';
    return ['refused', `${state} ${[e.code, e.message].filter((part) => part && part !== state).join(' ')}`];
  } finally {
    client.connection.stream.destroy(); // end() may wait for ever for a connection that never began
  }
}

console.log(`node-postgres ${version}`);
for await (const line of createInterface({ input: process.stdin })) {
  console.log((await logIn(line)).map((part) => part.replace(/\s+/g, ' ')).join('\t'));
}
process.exit(0);
