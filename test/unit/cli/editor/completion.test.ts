import { expect, test } from 'vitest';
import { commonPrefix, complete } from '../../../../src/cli/editor/completion.js';

const NAMES = {
  sources: ['ORDERS', 'ORDER_ITEMS', 'SPENDING'],
  columns: ['AMOUNT', 'CUSTOMER'],
  topics: ['orders'],
  queries: ['CTAS_SPENDING_2'],
  functions: ['AVG', 'ABS'],
  types: ['ADDRESS'],
  properties: ['ksql.streams.auto.offset.reset', 'ksql.service.id'],
};

const offered = (text: string) => complete(text, text.length, NAMES).candidates;

test('after FROM come sources, in the case that was typed', () => {
  expect(offered('SELECT * FROM ORD')).toEqual(['ORDERS', 'ORDER_ITEMS']);
  expect(offered('select * from spe')).toEqual(['spending']);
  expect(offered('select * from ')).toEqual(NAMES.sources.toSorted());
});

test('after other words come what belongs there', () => {
  expect(offered('PRINT o')).toEqual(['orders']);
  expect(offered('terminate ct')).toEqual(['ctas_spending_2']);
  expect(offered("SET 'ksql.st")).toEqual(['ksql.streams.auto.offset.reset']);
});

test('a statement begins with the words that may', () => {
  expect(offered('se')).toEqual(['select', 'server', 'set', 'set cli']);
  expect(offered('SELECT 1; ter')).toEqual(['terminate']);
});

test('inside expressions come columns, functions and words', () => {
  expect(offered('SELECT a')).toEqual(expect.arrayContaining(['abs', 'amount', 'as', 'avg', 'address']));
  expect(offered("SELECT 'a")).toEqual([]);
});

test('the part that all candidates share', () => {
  expect([commonPrefix(['ORDERS', 'ORDER_ITEMS']), commonPrefix([]), commonPrefix(['a'])]).toEqual(['ORDER', '', 'a']);
});
