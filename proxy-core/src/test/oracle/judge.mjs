// Splits SQL files into statements and writes what PostgreSQL's grammar says of each: see README.md.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as query from 'libpg-query';

await query.loadModule();

/** Statements as psql would send them: meta-commands and the data of COPY FROM stdin left out. */
function* statements(text) {
  const lines = text.split('\n');
  const kept = [];
  let inData = false;
  for (const line of lines) {
    if (inData) { inData = line !== '\\.'; continue; }
    if (/^\s*\\/.test(line)) continue;
    kept.push(line.replace(/\\(gset|gexec|g|gdesc|crosstabview|bind).*$/, ';'));
    inData = /^\s*copy\b.*\bfrom\s+stdin\b.*;/i.test(line);
  }
  const sql = kept.join('\n');
  let start = 0, depth = 0, i = 0, atomic = false;
  while (i < sql.length) {
    const rest = sql.slice(i, i + 80);
    let m;
    if (sql[i] === "'") { i = quoted(sql, i, "'", /[eE]/.test(sql[i - 1] ?? '') && !/\w/.test(sql[i - 2] ?? '')); continue; }
    if (sql[i] === '"') { i = quoted(sql, i, '"', false); continue; }
    if (sql.startsWith('--', i)) { const end = sql.indexOf('\n', i); i = end < 0 ? sql.length : end; continue; }
    if (sql.startsWith('/*', i)) { i = comment(sql, i); continue; }
    if (sql[i] === '$' && !/\w/.test(sql[i - 1] ?? '') && (m = /^\$([A-Za-z_]\w*)?\$/.exec(rest))) {
      const end = sql.indexOf(m[0], i + m[0].length);
      i = end < 0 ? sql.length : end + m[0].length;
      continue;
    }
    if (sql[i] === '(') depth++;
    else if (sql[i] === ')') depth--;
    else if (/^begin\s+atomic\b/i.test(rest)) atomic = true;
    else if (atomic && /^end\b/i.test(rest) && !/^case/i.test(rest)) atomic = false;
    else if (sql[i] === ';' && depth <= 0 && !atomic) {
      yield sql.slice(start, i).trim();
      start = i + 1;
      depth = 0;
    }
    i++;
  }
  yield sql.slice(start).trim();
}

function quoted(sql, at, quote, escapes) {
  for (let i = at + 1; i < sql.length; i++) {
    if (escapes && sql[i] === '\\') i++;
    else if (sql[i] === quote) { if (sql[i + 1] === quote) i++; else return i + 1; }
  }
  return sql.length;
}

function comment(sql, at) {
  let depth = 0;
  for (let i = at; i < sql.length; i++) {
    if (sql.startsWith('/*', i)) { depth++; i++; }
    else if (sql.startsWith('*/', i)) { depth--; i++; if (depth === 0) return i + 1; }
  }
  return sql.length;
}

const CHANGES = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'intoClause', 'lockingClause', 'LockingClause']);

function changes(node) {
  if (node === null || typeof node !== 'object') return false;
  for (const [key, value] of Object.entries(node)) if (CHANGES.has(key) || changes(value)) return true;
  return false;
}

function functions(node, sql, found = new Set()) {
  if (node === null || typeof node !== 'object') return found;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'FuncCall' && value.funcformat !== 'COERCE_SQL_SYNTAX') {
      const names = value.funcname.map((part) => part.String.sval);
      const implied = names[0] === 'pg_catalog' && !/pg_catalog/i.test(sql);
      if (!implied) found.add(names.slice(-2).join('.'));
    }
    functions(value, sql, found);
  }
  return found;
}

/** Statements whose relations count: they read or change rows while they run. */
const RUNS_ON_RELATIONS = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'CopyStmt', 'ExplainStmt']);

/** Relations as the text has them; one that has the name of a WITH query anywhere is left out. */
function relations(stmts) {
  const found = new Set(), common = new Set();
  const visit = (node) => {
    if (node === null || typeof node !== 'object') return;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'CommonTableExpr') common.add(value.ctename);
      if (['into', 'intoClause', 'lockingClause'].includes(key)) continue;
      if (value && typeof value === 'object' && value.relname !== undefined)
        found.add(value.schemaname ? `${value.schemaname}.${value.relname}` : value.relname);
      visit(value);
    }
  };
  const counts = stmts.every((each) => RUNS_ON_RELATIONS.has(Object.keys(each.stmt)[0]));
  if (!counts) return [];
  visit(stmts);
  return [...found].filter((name) => !common.has(name));
}

function verdict(node) {
  const [kind, body] = Object.entries(node)[0];
  if (kind === 'SelectStmt') return changes(body) ? 'write' : 'read';
  if (kind === 'ExplainStmt') return verdict(body.query);
  if (kind === 'CopyStmt') {
    if (body.is_from || body.is_program || body.filename) return 'write';
    return body.query ? verdict(body.query) : 'read';
  }
  const session = ['VariableSetStmt', 'VariableShowStmt', 'TransactionStmt', 'DiscardStmt', 'DeallocateStmt', 'PrepareStmt', 'ExecuteStmt'];
  return session.includes(kind) ? 'session' : 'write';
}

function judge(sql) {
  const parsed = query.parseSync(sql);
  const stmts = parsed.stmts ?? [];
  if (stmts.length === 0) return null;
  const verdicts = stmts.map((each) => verdict(each.stmt));
  const all = verdicts.every((each) => each === 'read') ? 'read' : verdicts.length === 1 ? verdicts[0] : 'write';
  return { verdict: all, functions: [...functions(parsed.stmts, sql)], relations: relations(stmts) };
}

const escape = (text) => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/\t/g, '\\t').replace(/\r/g, '\\r');

const unescape = (text) => text.replace(/\\(.)/g, (_, c) => ({ n: '\n', t: '\t', r: '\r' })[c] ?? c);

const seen = new Set();
let refused = 0;
for (const argument of process.argv.slice(2)) {
  const files = statSync(argument).isDirectory()
    ? readdirSync(argument).filter((name) => name.endsWith('.sql')).sort().map((name) => join(argument, name))
    : [argument];
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    const found = argument.endsWith('.tsv') ? text.split('\n').map((line) => unescape(line.split('\t')[2] ?? ''))
      : argument.endsWith('corpus.sql') ? text.split(/^;;$/m).map((each) => each.trim()) : [...statements(text)];
    for (const sql of found) {
      if (sql === '' || seen.has(sql)) continue;
      seen.add(sql);
      let judged;
      try { judged = judge(sql); } catch { refused++; continue; }
      if (judged) console.log([judged.verdict, judged.functions.map(escape).join('\u0001'), escape(sql), judged.relations.map(escape).join('\u0001')].join('\t'));
    }
  }
}
console.error(`${seen.size} statements, ${refused} of them refused by the grammar`);
