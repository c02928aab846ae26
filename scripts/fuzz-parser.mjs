/**
 * Throws random texts at the parser: bytes, words of the language in any order, damaged examples.
 * Each must give statements and diagnostics within a second, and each statement must survive printing and parsing.
 *
 *   node scripts/fuzz-parser.mjs [runs] [seed]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { importTypeScript } from './import-typescript.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const runs = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000_007);
const SLOW_MS = 1_000;

const { parse, formatStatement, tokenize, isComplete, KEYWORDS } = await importTypeScript('scripts/fuzz-entry.ts');
const examples = readdirSync('grammar/examples').map((file) => readFileSync(`grammar/examples/${file}`, 'utf8'));
const symbols =
  '( ) [ ] , ; . -> => := = <> < > <= >= != + - * / % || \' " ` ${ ${a} -- --@ /* */ 1 1.5 1e5 .5 1a \n'.split(' ');
const words = [...KEYWORDS.map((keyword) => keyword.word), ...symbols, 'a', 'b', "'x'", '`y`', '9'.repeat(40)];

/** mulberry32: small, fast, and the same on every machine. */
function randomFrom(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const random = randomFrom(seed);
const below = (limit) => Math.floor(random() * limit);
const pick = (list) => list[below(list.length)];

function randomBytes() {
  const bytes = Buffer.alloc(below(200));
  for (let i = 0; i < bytes.length; i++) bytes[i] = below(256);
  return bytes.toString(random() < 0.5 ? 'latin1' : 'utf8');
}

function randomWords() {
  const count = below(60);
  let text = random() < 0.5 ? `${pick(['SELECT', 'CREATE STREAM', 'INSERT INTO', 'LIST', 'ALTER', 'ASSERT'])} ` : '';
  for (let i = 0; i < count; i++) text += pick(words) + (random() < 0.8 ? ' ' : '');
  return text;
}

function damagedExample() {
  let text = pick(examples);
  for (let i = below(4) + 1; i > 0; i--) {
    const at = below(text.length + 1);
    const end = Math.min(text.length, at + below(20));
    const kind = below(4);
    if (kind === 0) text = text.slice(0, at) + text.slice(end);
    else if (kind === 1) text = text.slice(0, at) + pick(words) + text.slice(at);
    else if (kind === 2) text = text.slice(0, at) + text.slice(at, end).repeat(below(50)) + text.slice(end);
    else text = text.slice(0, at) + String.fromCharCode(below(0x300)) + text.slice(at + 1);
  }
  return text;
}

function shapeOf(statement) {
  return JSON.stringify(statement, (key, value) => {
    if (key === 'span' || key === 'quoted') return undefined;
    return typeof value === 'bigint' ? `${value}n` : value;
  });
}

function check(text) {
  const began = performance.now();
  const { statements } = parse(text, { testDialect: true, variables: new Map([['a', 'x']]) });
  tokenize(text);
  isComplete(text);
  const ms = performance.now() - began;
  if (ms > SLOW_MS) throw new Error(`took ${ms.toFixed(0)} ms`);
  for (const { statement } of statements) {
    const printed = formatStatement(statement);
    const again = parse(printed, { testDialect: true }).statements;
    if (again.length !== 1 || shapeOf(again[0].statement) !== shapeOf(statement)) {
      throw new Error(`changes when printed: ${printed}`);
    }
  }
  return { ms, parsed: statements.length };
}

// The first text would be measured with the making of the parser.
parse('LIST STREAMS;');
console.log(`seed ${seed}, ${runs} texts`);
const began = performance.now();
let slowest = 0;
let parsed = 0;
for (let run = 0; run < runs; run++) {
  const text = pick([randomBytes, randomWords, damagedExample])();
  try {
    const result = check(text);
    slowest = Math.max(slowest, result.ms);
    parsed += result.parsed;
  } catch (error) {
    console.error(`text ${run} of seed ${seed}: ${error.stack}\n${JSON.stringify(text)}`);
    process.exit(1);
  }
}
const seconds = (performance.now() - began) / 1000;
console.log(`no failure: ${parsed} statements parsed, slowest text ${slowest.toFixed(1)} ms, ${seconds.toFixed(0)} s`);
