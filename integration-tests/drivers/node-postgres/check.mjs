// node-postgres: the extended protocol with statements named by the program, and COPY as streams.
import { strict as assert } from 'node:assert';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

const env = process.env;
const target = {
  host: env.CHECK_HOST, port: Number(env.CHECK_PORT), database: env.CHECK_DATABASE, user: env.CHECK_USER,
  password: env.CHECK_PASSWORD, connectionTimeoutMillis: 10000,
};
const table = `drivers_node_${process.pid}`;
let failed = false;

async function connect(more = {}) {
  const client = new pg.Client({ ...target, ...more });
  await client.connect();
  return client;
}

async function check(what, body) {
  try {
    await body();
    console.log(`ok node-postgres ${what}`);
  } catch (e) {
    failed = true;
    const line = /check\.mjs:(\d+)/.exec(e.stack ?? '')?.[1] ?? '?';
    console.log(`FAIL node-postgres ${what} (${e.code ?? e.name}, line ${line}: ${String(e.message).replace(/\s+/g, ' ')})`);
  }
}

const rejected = (promise) => promise.then(() => assert.fail('no error'), (e) => e);
const client = await connect();
const scalar = async (text, values = [], on = client) => Object.values((await on.query(text, values)).rows[0])[0];

await check('connect with SCRAM', async () => assert.equal(await scalar('SELECT 1'), 1));

await check('wrong password is refused', async () => {
  assert.equal((await rejected(connect({ password: 'wrong-' + target.password }))).code, '28P01');
});

await check('query', async () => {
  const { rows } = await client.query('SELECT $1::int + 1 AS n, $2::text AS t, NULL AS nothing', [41, 'ü']);
  assert.deepEqual(rows, [{ n: 42, t: 'ü', nothing: null }]);
});

await check('several statements in one message', async () => {
  const results = await client.query('SELECT 1 AS a; SELECT 2 AS a');
  assert.deepEqual(results.map((r) => r.rows[0].a), [1, 2]);
});

await check('prepared statements beside others of the same name', async () => {
  const others = await Promise.all(Array.from({ length: 8 }, () => connect()));
  for (let turn = 0; turn < 20; turn++) {
    const mine = client.query({ name: 'p', text: 'SELECT $1::int * 2 AS n', values: [turn] });
    const theirs = others.map((other, i) => other.query({ name: 'p', text: `SELECT $1::text || ' of ${i}' AS t`, values: [turn] }));
    assert.equal((await mine).rows[0].n, turn * 2);
    assert.deepEqual((await Promise.all(theirs)).map((r) => r.rows[0].t), others.map((_, i) => `${turn} of ${i}`));
  }
  await Promise.all(others.map((other) => other.end()));
});

await check('many queries at once through a pool', async () => {
  const pool = new pg.Pool({ ...target, max: 30 });
  const answers = await Promise.all(Array.from({ length: 500 }, (_, n) => pool.query('SELECT $1::int AS n', [n])));
  assert.deepEqual(answers.map((r) => r.rows[0].n), Array.from({ length: 500 }, (_, n) => n));
  await pool.end();
});

await check('COPY in', async () => {
  await client.query(`CREATE TABLE ${table} (id int PRIMARY KEY, t text)`);
  const rows = Readable.from(Array.from({ length: 1000 }, (_, n) => `${n + 1}\trow\n`));
  await pipeline(rows, client.query(copyFrom(`COPY ${table} FROM STDIN`)));
  assert.equal(await scalar(`SELECT sum(id)::int FROM ${table}`), 500500);
});

await check('COPY out', async () => {
  let text = '';
  for await (const part of client.query(copyTo(`COPY ${table} TO STDOUT`))) text += part;
  assert.equal(text.trimEnd().split('\n').length, 1000);
});

await check('cancel', async () => {
  const began = Date.now();
  const sleeping = rejected(client.query('SELECT pg_sleep(20)'));
  setTimeout(() => new pg.Client(target).cancel(client, client.activeQuery ?? client._activeQuery), 500);
  assert.equal((await sleeping).code, '57014');
  assert.ok(Date.now() - began < 10000);
  assert.equal(await scalar("SELECT 'alive'"), 'alive');
});

await check('rollback', async () => {
  await client.query('BEGIN');
  await client.query(`DELETE FROM ${table}`);
  await client.query('ROLLBACK');
  assert.equal(await scalar(`SELECT count(*)::int FROM ${table}`), 1000);
});

await check('error in a transaction block', async () => {
  await client.query('BEGIN');
  assert.equal((await rejected(client.query('SELECT 1/0'))).code, '22012');
  assert.equal((await rejected(client.query('SELECT 1'))).code, '25P02');
  await client.query('ROLLBACK');
  assert.equal(await scalar('SELECT 2'), 2);
});

await check('large result', async () => {
  const { rows } = await client.query("SELECT g, repeat('x', 100) FROM generate_series(1, 100000) g");
  assert.equal(rows.reduce((sum, row) => sum + row.g, 0), 5000050000);
});

await check('error with all its fields', async () => {
  const e = await rejected(client.query(`DO $$ BEGIN RAISE EXCEPTION USING message='m', detail='d', hint='h', errcode='P0042',
    schema='s', table='t', column='c', datatype='dt', constraint='cn'; END $$`));
  assert.deepEqual([e.message, e.detail, e.hint, e.code, e.schema, e.table, e.column, e.dataType, e.constraint, e.severity],
    ['m', 'd', 'h', 'P0042', 's', 't', 'c', 'dt', 'cn', 'ERROR']);
  assert.ok(e.where && e.file && e.line && e.routine);
});

await check('notices', async () => {
  const seen = [];
  client.on('notice', (notice) => seen.push(notice.message));
  await client.query("DO $$ BEGIN RAISE NOTICE 'one'; RAISE NOTICE 'two'; END $$");
  assert.deepEqual(seen, ['one', 'two']);
});

await check('LISTEN and NOTIFY', async () => {
  const listener = await connect();
  const heard = new Promise((resolve, reject) => {
    listener.on('notification', (message) => resolve(message.payload));
    setTimeout(() => reject(new Error('nothing came in 10 s')), 10000).unref();
  });
  await listener.query(`LISTEN ${table}`);
  await client.query(`NOTIFY ${table}, 'news'`);
  assert.equal(await heard, 'news');
  await listener.end();
});

await client.query(`DROP TABLE IF EXISTS ${table}`);
await client.end();
process.exit(failed ? 1 : 0);
