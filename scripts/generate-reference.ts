import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { IGNORED_SETTINGS, SETTINGS, type SettingDefinition } from '../src/engine/settings.js';
import { METRICS } from '../src/server/metrics/definitions.js';
import { STATEMENT_PAGES, type StatementPage } from './reference/statements.js';

/**
 * Writes docs/reference/settings.md from the settings, docs/reference/statements.md from the grammar and its examples, and docs/metrics.md
 * from the metrics, or with `--check` says whether they are up to date. `npm run generate` bundles and runs it.
 */
const root = process.cwd();

function settingsPage(): string {
  const section = (title: string, text: string, settings: readonly SettingDefinition[]): string =>
    [
      `## ${title}\n`,
      `${text}\n`,
      '| name | kind | default | |',
      '| --- | --- | --- | --- |',
      ...settings.map((s) => `| \`${s.name}\` | ${s.kind} | ${shown(s.default)} | ${s.text} |`),
      '',
    ].join('\n');
  return [
    '# Settings\n\nGenerated from the definitions in `src/engine/settings.ts`. Do not edit.\n',
    'Names may be written without `ksql.` and `ksql.streams.`: `auto.offset.reset` is `ksql.streams.auto.offset.reset`. What a running query\n' +
      'depends on is captured when it is created.\n',
    section(
      'For a query or a session',
      "`SET 'name'='value';`, the properties of a request, or the configuration of the server.",
      SETTINGS.filter((s) => s.level === 'QUERY'),
    ),
    section(
      'For the server',
      'In its configuration only.',
      SETTINGS.filter((s) => s.level === 'SERVER'),
    ),
    [
      '## Accepted without effect\n',
      'Settings of ksqlDB that have no meaning here; its clients and scripts may set them.\n',
      ...IGNORED_SETTINGS.map((name) => `- \`${name}\``),
      '',
    ].join('\n'),
  ].join('\n');
}

function shown(value: string | null): string {
  return value === null ? 'unset' : value === '' ? 'empty' : `\`${value}\``;
}

function statementsPage(): string {
  const pages = STATEMENT_PAGES.flatMap((group) => group.pages);
  const missing = readdirSync(`${root}/grammar/examples`)
    .map((file) => file.replace(/\.sql$/, ''))
    .filter((example) => !pages.some((page) => page.example === example));
  if (missing.length > 0) throw new Error(`scripts/reference/statements.ts says nothing of ${missing.join(', ')}`);
  const rules = grammarRules();
  return [
    '# Statements\n\nGenerated from `grammar/` and `scripts/reference/statements.ts`. Do not edit.\n',
    'Every rule of the grammar is in [sql.ebnf](../../grammar/sql.ebnf), as a picture in `grammar/diagrams.html`. Functions have\n[a page of their own](functions.md).\n',
    ...STATEMENT_PAGES.map(
      (group) => `## ${group.heading}\n\n${group.pages.map((page) => statementSection(page, rules)).join('\n')}`,
    ),
  ].join('\n');
}

function statementSection(page: StatementPage, rules: ReadonlyMap<string, string>): string {
  const grammar = page.rules.map((name) => {
    const rule = rules.get(name);
    if (rule === undefined) throw new Error(`${page.title}: grammar/sql.ebnf has no rule ${name}`);
    return rule;
  });
  const examples = readFileSync(`${root}/grammar/examples/${page.example}.sql`, 'utf8').trim();
  return `### ${page.title}\n\n${page.text}\n\n\`\`\`sql\n${examples}\n\`\`\`\n\n\`\`\`ebnf\n${grammar.join('\n\n')}\n\`\`\`\n`;
}

function metricsPage(): string {
  return [
    '# Metrics\n\nGenerated from the definitions in `src/server/metrics/definitions.ts`. Do not edit.\n',
    '`GET /metrics` answers in the text format of Prometheus. A job that reads it:\n',
    "```yaml\nscrape_configs:\n  - job_name: millrace\n    static_configs:\n      - targets: ['127.0.0.1:8088']\n```\n",
    'Counters begin at 0 with the process; those of a query also when it is replaced. Push queries have no metrics of their own: their ids\n' +
      'are always new.\n',
    '| name | type | labels | |',
    '| --- | --- | --- | --- |',
    ...Object.values(METRICS).map(
      ({ name, type, labels, help }) =>
        `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
    ),
    '',
  ].join('\n');
}

function grammarRules(): ReadonlyMap<string, string> {
  const text = readFileSync(`${root}/grammar/sql.ebnf`, 'utf8');
  const rules = text.split('\n\n').map((rule) => rule.trim());
  return new Map(
    rules.flatMap((rule): [string, string][] => {
      const name = /^(\w+) =/.exec(rule)?.[1];
      return name === undefined ? [] : [[name, rule]];
    }),
  );
}

for (const [name, page] of [
  ['reference/settings.md', settingsPage()],
  ['reference/statements.md', statementsPage()],
  ['metrics.md', metricsPage()],
] as const) {
  const path = `${root}/docs/${name}`;
  const held = existsSync(path) ? readFileSync(path, 'utf8') : null;
  if (held === page) continue;
  if (process.argv.includes('--check')) {
    console.error(`docs/${name} is out of date: npm run generate`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, page);
    console.log(`wrote docs/${name}`);
  }
}
