// What is marked where an expected and an actual text differ: the texts, and the marked parts of each.

const words = (word) => Array(700).fill(word).join(' ');

export const DIFFERENCES = [
  ['it is "a%2Fb%2Fc"', 'it was "a/b/c"', ['%2F', '%2F'], ['/', '/']],
  ['"%e4%bd%a0"', '"%E4%BD%A0"', ['e', 'bd', 'a'], ['E', 'BD', 'A']],
  ['state "succeed"', 'state "success"', ['ed'], ['ss']],
  ['"a b c"', '"a c"', ['b '], []],
  ['"one, three"', '"one, two, three"', [], ['wo, t']],
  ['the code is 3', 'the code is 4', ['3'], ['4']],
  ['"\u{1F600}!"', '"\u{1F601}!"', ['\u{1F600}'], ['\u{1F601}']],
  ['HTTP 4xx for an empty signature', 'nothing came', [], []],
  ['"same"', '"same"', [], []],
  [`"${words('w')} x ${words('w')}"`, `"${words('w')} y ${words('w')}"`, ['x'], ['y']],
  [`"${words('a')}"`, `"${words('b')}"`, [words('a')], [words('b')]],
];
