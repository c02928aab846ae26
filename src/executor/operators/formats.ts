import type { Format, FormatSpec } from '../../formats/format.js';
import { formatNamed } from '../../formats/index.js';
import { SystemError } from '../../model/errors.js';

/** The format that a plan names. @throws SystemError when this version does not have it */
export function formatOf(spec: FormatSpec): Format {
  const format = formatNamed(spec.name);
  if (format === null) {
    throw new SystemError(`the plan uses format ${spec.name}, which this version does not have`, {
      code: 'unknown-format',
    });
  }
  return format;
}
