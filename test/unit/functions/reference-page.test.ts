import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeFunction } from '../../../src/functions/describe.js';
import { functionsReference } from '../../../src/functions/reference-page.js';
import { builtInFunctions } from '../../../src/functions/registry.js';
import { registry } from './call.js';

it('docs/reference/functions.md is what the definitions say', () => {
  expect(readFileSync('docs/reference/functions.md', 'utf8')).toBe(functionsReference(builtInFunctions));
});

it('describes a function with its parameters', () => {
  expect(describeFunction(registry.find('CONCAT_WS')!)).toMatchObject({
    name: 'CONCAT_WS',
    type: 'SCALAR',
    category: 'STRING',
    path: 'internal',
    signatures: [
      {
        arguments: [
          { name: 'separator', type: 'VARCHAR', isVariadic: false },
          { name: 'inputs', type: 'VARCHAR', isVariadic: true },
        ],
        returnType: 'VARCHAR',
      },
      { returnType: 'BYTES' },
    ],
  });
});
