import type { FunctionDefinition } from './define.js';
import { describeFunction, type SignatureDescription } from './describe.js';

/** The page docs/reference/functions.md, by category and name. */
export function functionsReference(definitions: readonly FunctionDefinition[]): string {
  const byCategory = new Map<string, FunctionDefinition[]>();
  const sorted = [...definitions].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const definition of sorted) {
    const group = byCategory.get(definition.category);
    if (group === undefined) byCategory.set(definition.category, [definition]);
    else group.push(definition);
  }
  const categories = [...byCategory].sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = [
    '# Functions\n\nGenerated from the definitions in `src/functions`. Do not edit.\n',
    `${sorted.length} functions: ${categories.map(([name, group]) => `${name} (${group.length})`).join(', ')}.\n`,
    ...categories.map(([name, group]) => `## ${name}\n\n${group.map(section).join('\n')}`),
  ];
  return parts.join('\n');
}

function section(definition: FunctionDefinition): string {
  const { name, description, signatures } = describeFunction(definition);
  const uses = signatures.map((signature) => `${name}${signatureText(signature)}`);
  const examples = definition.examples.map(({ sql, result }) => `- \`${sql}\` → ${results(definition.kind, result)}`);
  return `### ${name}\n\n${description}\n\n\`\`\`\n${uses.join('\n')}\n\`\`\`\n\n${examples.join('\n')}\n`;
}

/** The examples of aggregates stand over three rows. */
function results(kind: FunctionDefinition['kind'], result: string): string {
  const text = result
    .split('\n')
    .map((row) => `\`${row}\``)
    .join(', ');
  return kind === 'aggregate' ? `${text} over rows whose \`value\` is 1, 2 and 3` : text;
}

function signatureText({ arguments: parameters, returnType }: SignatureDescription): string {
  const texts = parameters.map((p) => `${p.name} ${p.type}${p.isVariadic ? '...' : ''}`);
  return `(${texts.join(', ')}) -> ${returnType}`;
}
