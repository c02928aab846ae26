import { expect, it } from 'vitest';
import { toStorageError } from '../../../src/storage/storage-error.js';

it('a full disk is the same failure whoever meets it', () => {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(toStorageError(error, 'a.db')).toMatchObject({ code: 'disk-full', retriable: true, cause: error });
});

it('what is no failure of storage stays as it is', () => {
  const error = new Error('something else');
  expect(toStorageError(error, 'a.db')).toBe(error);
});
