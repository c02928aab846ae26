import avsc from 'avsc';
import protobuf from 'protobufjs';
import { ORDER_COLUMNS, type Order } from './orders.js';
import { kept } from './ours.js';

/** What one would write in Node by hand: each function goes over all records. */
export interface Peer {
  readonly decodeTwo: (records: readonly Buffer[]) => void;
  readonly decodeEight: (records: readonly Buffer[]) => void;
  readonly encodeFour: (rows: readonly Order[]) => void;
}

const keepJson = eightKeeper();

export const json: Peer = {
  decodeTwo(records) {
    for (const record of records) {
      const row = JSON.parse(record.toString());
      kept[0] = row.CUSTOMER;
      kept[1] = row.PRICE;
    }
  },
  decodeEight(records) {
    for (const record of records) keepJson(JSON.parse(record.toString()));
  },
  encodeFour(rows) {
    for (const { ORDER_ID, CUSTOMER, QUANTITY, PRICE } of rows) {
      kept[0] = Buffer.from(JSON.stringify({ ORDER_ID, CUSTOMER, QUANTITY, PRICE }));
    }
  },
};

/** As {@link json} for members in lower case. */
export function decodeTwoInLowerCase(records: readonly Buffer[]): void {
  for (const record of records) {
    const row = JSON.parse(record.toString());
    kept[0] = row.customer;
    kept[1] = row.price;
  }
}

/** As {@link json} behind the five bytes of a schema's id. */
export const jsonSr: Peer = {
  decodeTwo(records) {
    for (const record of records) {
      const row = JSON.parse(record.toString('utf8', 5));
      kept[0] = row.CUSTOMER;
      kept[1] = row.PRICE;
    }
  },
  decodeEight(records) {
    for (const record of records) keepJson(JSON.parse(record.toString('utf8', 5)));
  },
  encodeFour: json.encodeFour,
};

/** @param schemas the texts of the schemas of all eight columns and of the four that are written */
export function avro(schemas: { readonly eight: string; readonly four: string }): Peer {
  const eight = avsc.Type.forSchema(JSON.parse(schemas.eight));
  const four = avsc.Type.forSchema(JSON.parse(schemas.four));
  const keepEight = eightKeeper();
  return {
    decodeTwo(records) {
      for (const record of records) {
        const row = eight.fromBuffer(record.subarray(5));
        kept[0] = row.CUSTOMER;
        kept[1] = row.PRICE;
      }
    },
    decodeEight(records) {
      for (const record of records) keepEight(eight.fromBuffer(record.subarray(5)));
    },
    encodeFour(rows) {
      for (const { ORDER_ID, CUSTOMER, QUANTITY, PRICE } of rows) {
        kept[0] = four.toBuffer({ ORDER_ID, CUSTOMER, QUANTITY, PRICE });
      }
    },
  };
}

/** Reads two members of a wide Avro record. */
export function decodeWideAvro(schema: string, records: readonly Buffer[]): () => void {
  const wide = avsc.Type.forSchema(JSON.parse(schema));
  return () => {
    for (const record of records) {
      const row = wide.fromBuffer(record.subarray(5));
      kept[0] = row.F6;
      kept[1] = row.F25;
    }
  };
}

/** @param schemas as for {@link avro}; the message is the first of its file */
export function proto(schemas: { readonly eight: string; readonly four: string }): Peer {
  const [eight, four] = [messageIn(schemas.eight), messageIn(schemas.four)];
  const keepEight = eightKeeper();
  return {
    decodeTwo(records) {
      for (const record of records) {
        const row = eight.decode(record.subarray(6)) as unknown as Order;
        kept[0] = row.CUSTOMER;
        kept[1] = row.PRICE;
      }
    },
    decodeEight(records) {
      for (const record of records) keepEight(eight.decode(record.subarray(6)) as unknown as Order);
    },
    encodeFour(rows) {
      for (const { ORDER_ID, CUSTOMER, QUANTITY, PRICE } of rows) {
        kept[0] = four.encode({ ORDER_ID, CUSTOMER, QUANTITY, PRICE }).finish();
      }
    },
  };
}

function messageIn(text: string): protobuf.Type {
  const { root } = protobuf.parse(text, { keepCase: true });
  return root.lookupType('ConnectDefault1');
}

export const delimited: Peer = {
  decodeTwo(records) {
    for (const record of records) {
      const fields = record.toString().split(',');
      kept[0] = fields[1];
      kept[1] = Number(fields[4]);
    }
  },
  decodeEight(records) {
    for (const record of records) {
      const fields = record.toString().split(',');
      kept[0] = Number(fields[0]);
      kept[1] = fields[1];
      kept[2] = fields[2];
      kept[3] = Number(fields[3]);
      kept[4] = Number(fields[4]);
      kept[5] = fields[5];
      kept[6] = fields[6] === 'true';
      kept[7] = Number(fields[7]);
    }
  },
  encodeFour(rows) {
    for (const { ORDER_ID, CUSTOMER, QUANTITY, PRICE } of rows) {
      kept[0] = Buffer.from([ORDER_ID, CUSTOMER, QUANTITY, PRICE].join(','));
    }
  },
};

/** Keeps the members of a row. One for each format, so that it sees rows of one shape. */
function eightKeeper(): (row: Order) => void {
  const body = `return (row) => { ${ORDER_COLUMNS.map(({ name }, i) => `kept[${i}] = row.${name};`).join(' ')} };`;
  return new Function('kept', body)(kept);
}
