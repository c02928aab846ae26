import type { Entity } from '../../engine/entities.js';
import { csvRecord } from './csv-text.js';
import { entityView, type ViewBlock } from './entity-view.js';
import type { OutputFormat } from './output-format.js';
import { printableLines } from './printable.js';
import { type TableStyle, tableText } from './table.js';

/** The answers of one request as text. */
export function entitiesText(
  format: OutputFormat,
  entities: readonly Entity[],
  style: TableStyle,
  emphasis: (text: string) => string,
): string {
  if (entities.length === 0) return '';
  switch (format) {
    case 'json':
      return `${JSON.stringify(entities, null, 2)}\n`;
    case 'ndjson':
      return entities.map((entity) => `${JSON.stringify(entity)}\n`).join('');
    case 'csv':
      return entities.map((entity) => csvText(entityView(entity))).join('\n');
    case 'table':
      return entities
        .map((entity) => {
          const title = entities.length > 1 ? `${printableLines(entity.statementText)}\n\n` : '';
          const blocks = entityView(entity).map((block) => blockText(block, style, emphasis));
          return `${title}${blocks.join('\n')}`;
        })
        .join('\n');
  }
}

function blockText(block: ViewBlock, style: TableStyle, emphasis: (text: string) => string): string {
  if (block.kind === 'text') return `${printableLines(block.text).trimEnd()}\n`;
  const columns = block.columns.map((name) => ({ name, right: false }));
  return tableText(columns, block.rows, style, emphasis);
}

/** The tables of an answer; its texts where it has none. */
function csvText(blocks: readonly ViewBlock[]): string {
  const tables = blocks.filter((block) => block.kind === 'table');
  if (tables.length === 0) {
    return blocks.map((block) => (block.kind === 'text' ? `${csvRecord([block.text])}\n` : '')).join('');
  }
  return tables.map(({ columns, rows }) => [columns, ...rows].map((row) => `${csvRecord(row)}\n`).join('')).join('\n');
}
