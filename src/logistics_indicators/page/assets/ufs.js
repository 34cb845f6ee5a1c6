/** The states of Brazil and where each stands on a map of tiles. */

/** @type {readonly { uf: string, name: string, column: number, line: number }[]} */
export const UFS = [
  { uf: "RR", name: "Roraima", column: 2, line: 1 },
  { uf: "AP", name: "Amapá", column: 4, line: 1 },
  { uf: "AM", name: "Amazonas", column: 2, line: 2 },
  { uf: "PA", name: "Pará", column: 4, line: 2 },
  { uf: "MA", name: "Maranhão", column: 5, line: 2 },
  { uf: "CE", name: "Ceará", column: 6, line: 2 },
  { uf: "RN", name: "Rio Grande do Norte", column: 7, line: 2 },
  { uf: "AC", name: "Acre", column: 1, line: 3 },
  { uf: "RO", name: "Rondônia", column: 2, line: 3 },
  { uf: "TO", name: "Tocantins", column: 4, line: 3 },
  { uf: "PI", name: "Piauí", column: 5, line: 3 },
  { uf: "PE", name: "Pernambuco", column: 6, line: 3 },
  { uf: "PB", name: "Paraíba", column: 7, line: 3 },
  { uf: "MT", name: "Mato Grosso", column: 3, line: 3 },
  { uf: "MS", name: "Mato Grosso do Sul", column: 3, line: 4 },
  { uf: "GO", name: "Goiás", column: 4, line: 4 },
  { uf: "DF", name: "Distrito Federal", column: 5, line: 4 },
  { uf: "BA", name: "Bahia", column: 6, line: 4 },
  { uf: "AL", name: "Alagoas", column: 7, line: 4 },
  { uf: "SE", name: "Sergipe", column: 7, line: 5 },
  { uf: "SP", name: "São Paulo", column: 4, line: 5 },
  { uf: "MG", name: "Minas Gerais", column: 5, line: 5 },
  { uf: "ES", name: "Espírito Santo", column: 6, line: 5 },
  { uf: "PR", name: "Paraná", column: 4, line: 6 },
  { uf: "RJ", name: "Rio de Janeiro", column: 5, line: 6 },
  { uf: "SC", name: "Santa Catarina", column: 4, line: 7 },
  { uf: "RS", name: "Rio Grande do Sul", column: 4, line: 8 },
];

/** @param {string} text */
const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").trim().toLowerCase();

/** The letters of states that a person may mean: those of this name or, where there is none, of longer ones. @param {string} typed */
export function ufsLike(typed) {
  const meant = folded(typed);
  const exact = UFS.filter(({ uf, name }) => [uf.toLowerCase(), folded(name)].includes(meant));
  const found = exact.length || !meant ? exact : UFS.filter(({ name }) => folded(name).startsWith(meant));
  return found.map(({ uf }) => uf);
}
