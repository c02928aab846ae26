import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StatementKind } from '../../../src/parser/ast.js';
import { formatStatement } from '../../../src/parser/format.js';
import { parse } from '../../../src/parser/parse.js';
import { shapeOf } from './helpers.js';

const EXAMPLES = 'grammar/examples';

/** Parses, prints and parses again, with names as they are and with all of them quoted. */
function checkRoundTrip(script: string, variables?: ReadonlyMap<string, string>): StatementKind[] {
  const { statements } = parse(script, { testDialect: true, ...(variables === undefined ? {} : { variables }) });
  for (const { statement } of statements) {
    for (const quoteNames of [false, true]) {
      const text = formatStatement(statement, { quoteNames });
      const again = parse(text, { testDialect: true });
      expect(
        again.diagnostics.map((d) => d.message),
        text,
      ).toEqual([]);
      expect(
        again.statements.map((s) => shapeOf(s.statement)),
        text,
      ).toEqual([shapeOf(statement)]);
    }
  }
  return statements.map((s) => s.statement.kind);
}

/** Every kind of statement, and the file that shows it. */
const EXAMPLE_OF: Readonly<Record<StatementKind, string>> = {
  createSource: 'create-source',
  createAsSelect: 'create-as-select',
  select: 'select',
  insertInto: 'insert-into',
  insertValues: 'insert-values',
  dropSource: 'drop-source',
  alterSource: 'alter-source',
  createType: 'create-type',
  dropType: 'drop-type',
  createConnector: 'create-connector',
  dropConnector: 'drop-connector',
  listConnectors: 'list-connectors',
  listConnectorPlugins: 'list-connector-plugins',
  describeConnector: 'describe-connector',
  terminate: 'terminate',
  pause: 'pause',
  resume: 'resume',
  listSources: 'list-sources',
  listTopics: 'list-topics',
  listQueries: 'list-queries',
  listFunctions: 'list-functions',
  listTypes: 'list-types',
  listProperties: 'list-properties',
  listVariables: 'list-variables',
  describeSource: 'describe-source',
  describeSources: 'describe-sources',
  describeFunction: 'describe-function',
  explain: 'explain',
  printTopic: 'print-topic',
  setProperty: 'set-property',
  unsetProperty: 'unset-property',
  alterSystem: 'alter-system',
  defineVariable: 'define-variable',
  undefineVariable: 'undefine-variable',
  runScript: 'run-script',
  assertTopic: 'assert-topic',
  assertSchema: 'assert-schema',
  assertValues: 'assert-values',
  assertTombstone: 'assert-tombstone',
  assertSource: 'assert-source',
};

describe('grammar/examples', () => {
  test.each(Object.entries(EXAMPLE_OF))('%s', (kind, file) => {
    const script = readFileSync(join(EXAMPLES, `${file}.sql`), 'utf8');
    expect(parse(script, { testDialect: true }).diagnostics).toEqual([]);
    const kinds = checkRoundTrip(script);
    expect(new Set(kinds)).toEqual(new Set([kind]));
  });

  test('hold no file that is not checked', () => {
    const files = readdirSync(EXAMPLES).map((file) => file.replace(/\.sql$/, ''));
    expect(files.sort()).toEqual(Object.values(EXAMPLE_OF).sort());
  });
});

interface CorpusCase {
  readonly id: string;
  readonly kind: string;
  readonly text?: string;
  readonly statements?: readonly string[];
  readonly expectedException?: { readonly message?: string };
  readonly expectedError?: { readonly message?: string } | string;
}

const CORPUS = process.env['MILLRACE_QTT'] ?? '../shared/qtt';
const hasCorpus = existsSync(join(CORPUS, 'index.json'));
if (!hasCorpus) console.log(`the statements of the conformance corpus are not checked: ${CORPUS} does not exist`);

describe.skipIf(!hasCorpus)('the conformance corpus', () => {
  const index = JSON.parse(hasCorpus ? readFileSync(join(CORPUS, 'index.json'), 'utf8') : '{"files":[]}') as {
    readonly files: readonly { readonly path: string }[];
  };

  test.each(index.files.map((file) => file.path))('%s', (path) => {
    const { cases } = JSON.parse(readFileSync(join(CORPUS, path), 'utf8')) as { readonly cases: readonly CorpusCase[] };
    for (const item of cases) {
      const script = item.text ?? item.statements!.join('\n');
      const { diagnostics } = parse(script, { testDialect: item.kind === 'sql' });
      if (diagnostics.length > 0) expect(expectsError(item), `${item.id}: ${diagnostics[0]!.message}`).toBe(true);
      checkRoundTrip(script);
    }
  });
});

function expectsError(item: CorpusCase): boolean {
  return item.expectedException !== undefined || item.expectedError !== undefined;
}
