import { defineScalar, defineTableFunction } from 'millrace';

export const initials = defineScalar({
  name: 'INITIALS',
  description: 'The first letters of the words of a name, in upper case.',
  author: 'examples',
  variants: [
    {
      signature: '(name STRING) -> STRING',
      nulls: 'propagate',
      evaluate: (name) => words(name).map((word) => word[0].toUpperCase()).join(''),
    },
  ],
});

export const wordsOf = defineTableFunction({
  name: 'WORDS',
  description: 'One row for each word of a text.',
  author: 'examples',
  variants: [
    {
      signature: '(text STRING) -> STRING',
      bind: () => (text) => (text === null ? [] : words(text)),
    },
  ],
});

function words(text) {
  return text.split(/\s+/u).filter((word) => word !== '');
}
