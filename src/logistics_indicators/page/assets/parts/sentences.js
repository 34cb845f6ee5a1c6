/**
 * What the service says to a person at the page, with the same in both languages. A test holds the patterns to the
 * service's own sentences.
 *
 * of: how a sentence of the service begins and ends. n, m: numbers; n chooses between one and other. Groups of other names
 * are words that stand for themselves, unless service_words.js knows better. An empty text: nothing that helps here.
 * {field}: where it is wrong.
 */

import { LOADS } from "./sentences_of_loads.js";

/** @typedef {"columns" | "kind"} Mend of a file: a person says which column is which, or that it is of another kind */
/** @typedef {{ of: RegExp, pt: import("../texts.js").Sentence, en: import("../texts.js").Sentence, mend?: Mend }} Said */

const COLUMNS_UNKNOWN = {
  pt: "As colunas do arquivo não foram reconhecidas.",
  en: "The file's columns were not recognised.",
};

const OTHER_KIND = { pt: "O arquivo é de outro tipo:", en: "The file is of another kind:" };

/** @type {readonly [string, string][]} what a file that is no table may be */
export const THINGS = [
  ["an Excel 97 workbook (.xls), or an encrypted one", "uma planilha do Excel 97 (.xls), ou uma cifrada"],
  ["a PDF document", "um documento PDF"],
  ["an ORC file", "um arquivo ORC"],
  ["an Avro file", "um arquivo Avro"],
  ["an Arrow file", "um arquivo Arrow"],
  ["an SQLite database", "um banco SQLite"],
  ["an image (PNG)", "uma imagem (PNG)"],
  ["an image (JPEG)", "uma imagem (JPEG)"],
  ["an image (GIF)", "uma imagem (GIF)"],
  ["a 7-Zip archive", "um arquivo 7-Zip"],
  ["a RAR archive", "um arquivo RAR"],
  ["a bzip2 archive", "um arquivo bzip2"],
  ["an xz archive", "um arquivo xz"],
  ["a zstd archive", "um arquivo zstd"],
  ["an lz4 archive", "um arquivo lz4"],
  ["a file packed with compress (.Z)", "um arquivo compactado com compress (.Z)"],
  ["a program", "um programa"],
  ["an RTF document", "um documento RTF"],
  ["a text in UTF-32", "um texto em UTF-32"],
  ["an archive in an archive", "um pacote dentro de outro"],
  ["an HTML or XML page", "uma página HTML ou XML"],
  ["JSON that is no NDJSON (which has one object a line)", "JSON que não é NDJSON (um objeto por linha)"],
];

/** @type {readonly { of: RegExp, pt: string, en: string }[]} how rows were changed, in one sentence */
export const CHANGES = [
  { of: /by hand/, pt: "à mão", en: "by hand" },
  { of: /by being deleted/, pt: "por exclusão", en: "by being deleted" },
  { of: /by loads that cannot be undone/, pt: "por cargas que não se desfazem", en: "by loads that cannot be undone" },
  { of: /and so on/, pt: "e outras", en: "and so on" },
  { of: /by load(?= \d)/g, pt: "pela carga", en: "by load" },
];

/** @type {readonly Said[]} */
const ACCOUNTS = [
  {
    of: /this password is too common; take another/,
    pt: "Esta senha é comum demais; escolha outra.",
    en: "This password is too common; take another.",
  },
  {
    of: /String should have at least (?<n>\d+) characters?/,
    pt: { one: "{field}: no mínimo {n} caractere.", other: "{field}: no mínimo {n} caracteres." },
    en: { one: "{field}: at least {n} character.", other: "{field}: at least {n} characters." },
  },
  {
    of: /(?:String should have at most|has more than) (?<n>\d+) characters?/,
    pt: { one: "{field}: no máximo {n} caractere.", other: "{field}: no máximo {n} caracteres." },
    en: { one: "{field}: at most {n} character.", other: "{field}: at most {n} characters." },
  },
  {
    of: /not a mail address; one is ana@example\.com/,
    pt: "{field}: não é um e-mail, como ana@example.com.",
    en: "{field}: this is no e-mail address, such as ana@example.com.",
  },
  {
    of: /takes Latin letters, with or without accents, digits and \. @ \+ - _; blanks inside/,
    pt: "{field}: use letras, com ou sem acentos, números e . @ + - _; espaços só no meio.",
    en: "{field}: use Latin letters, with or without accents, digits and . @ + - _; blanks inside only.",
  },
  {
    of: /has marks that belong to no letter/,
    pt: "{field}: há acentos soltos, sem letra.",
    en: "{field}: it has accents without a letter.",
  },
  {
    of: /not a (?:date: YYYY-MM-DD|timestamp: YYYY-MM-DDTHH:MM:SS, no zone), from (?<first>\S+) to (?<last>\S+)/,
    pt: "{field}: não é um dia entre {first} e {last}.",
    en: "{field}: this is no day from {first} to {last}.",
  },
  {
    of: /end_date lies before start_date/,
    pt: "O período termina antes de começar.",
    en: "The period ends before it begins.",
  },
  {
    of: /Input should be a valid integer, unable to parse string as an integer/,
    pt: "{field}: não é um número inteiro.",
    en: "{field}: this is no whole number.",
  },
  {
    of: /no state of Brazil; there are: .+/,
    pt: "{field}: não é a sigla de um estado.",
    en: "{field}: these are no letters of a state.",
  },
  {
    of: /more than (?<n>\d+) buckets; narrow the range, or take a larger bucket/,
    pt: "O gráfico teria mais de {n} pontos: escolha um período menor, ou pontos maiores.",
    en: "The chart would have more than {n} points: choose a shorter period, or larger points.",
  },
  { of: /Field required/, pt: "{field}: preencha este campo.", en: "{field}: fill in this field." },
  {
    of: /this token is wrong, used or too old/,
    pt: "O código está errado, já foi usado ou venceu.",
    en: "This code is wrong, used or too old.",
  },
  { of: /This email is taken\./, pt: "Este e-mail já tem conta.", en: "This e-mail has an account already." },
  {
    of: /This username is taken, or looks like one that is\./,
    pt: "Este usuário já existe, ou parece um que existe.",
    en: "This user name is taken, or looks like one that is.",
  },
  {
    of: /The current password is wrong\./,
    pt: "A senha atual está incorreta.",
    en: "The current password is wrong.",
  },
  {
    of: /This is the last admin\. Make another one first\./,
    pt: "Este é o último administrador. Faça outro antes.",
    en: "This is the last admin. Make another one first.",
  },
  {
    of: /Registration is closed\. Ask an admin for an account\./,
    pt: "O cadastro está fechado. Peça uma conta a um administrador.",
    en: "Registration is closed. Ask an admin for an account.",
  },
  {
    of: /Too many (?:attempts\. Wait a while|sign-ins at once)\./,
    pt: "Tentativas demais. Espere um pouco.",
    en: "Too many attempts. Wait a while.",
  },
  {
    of: /The (?:request|query|metadata) has (?:fields|parameters|names) that cannot be taken; see errors\./,
    pt: "",
    en: "",
  },
];

/** @type {readonly Said[]} */
const FILES = [
  {
    of: /(?<table>[^\n]+?\.(?:csv|tsv|xlsx|ndjson|jsonl|parquet)): /,
    pt: "{table}:",
    en: "{table}:",
  },
  {
    of: /A resumable upload is one table: send the tables of the zip one by one\./,
    pt: "O zip traz várias tabelas. Descompacte-o e escolha as tabelas juntas.",
    en: "The zip holds several tables. Unpack it, and choose the tables together.",
  },
  { of: /The file is empty\./, pt: "O arquivo está vazio.", en: "The file is empty." },
  { of: /The sheet (?<sheet>.+?) is empty\./, pt: "A aba {sheet} está vazia.", en: "The sheet {sheet} is empty." },
  {
    of: /No row was read: there is nothing behind the header but blank lines\./,
    pt: "Nenhuma linha foi lida: depois do cabeçalho só há linhas em branco.",
    en: "No row was read: behind the header there are only blank lines.",
  },
  {
    of: /The file looks like (?<what>.+?), which is no table that can be read here\. Send it as CSV, plain or packed as gzip or zip, as an Excel workbook \(\.xlsx\), NDJSON or Parquet\./,
    pt: "O arquivo parece ser {what}, não uma tabela. Envie CSV (também em gzip ou zip), Excel (.xlsx), NDJSON ou Parquet.",
    en: "The file looks like {what}, which is no table. Send CSV (in gzip or zip as well), Excel (.xlsx), NDJSON or Parquet.",
  },
  {
    of: /The workbook is broken: open it in Excel, let it be repaired, and save it again as \.xlsx\./,
    pt: "A planilha está danificada: abra no Excel, deixe reparar e salve de novo como .xlsx.",
    en: "The workbook is broken: open it in Excel, let it be repaired, and save it again as .xlsx.",
  },
  {
    of: /The workbook is protected by a password\. Take the password off, and send it again\./,
    pt: "A planilha tem senha. Tire a senha e envie de novo.",
    en: "The workbook is protected by a password. Take the password off, and send it again.",
  },
  {
    of: /The workbook holds macros \(\.xlsm\)\. Save it as an Excel workbook without macros \(\.xlsx\), and send that\./,
    pt: "A planilha tem macros (.xlsm). Salve como .xlsx, sem macros, e envie.",
    en: "The workbook holds macros (.xlsm). Save it without macros as .xlsx, and send that.",
  },
  {
    of: /The file looks like a binary Excel workbook \(\.xlsb\)\. Save it as \.xlsx or CSV, and send that\./,
    pt: "O arquivo parece uma planilha binária do Excel (.xlsb). Salve como .xlsx ou CSV e envie.",
    en: "The file looks like a binary Excel workbook (.xlsb). Save it as .xlsx or CSV, and send that.",
  },
  {
    of: /The file looks like an Office document that is no Excel workbook \(\.xlsx\)\. Send its table as \.xlsx or CSV\./,
    pt: "O arquivo parece um documento do Office que não é planilha. Envie a tabela como .xlsx ou CSV.",
    en: "The file looks like an Office document that is no workbook. Send its table as .xlsx or CSV.",
  },
  {
    of: /The Parquet file is broken, or written in a way that is not read here\./,
    pt: "O arquivo Parquet está danificado, ou foi gravado de um jeito que não se lê aqui.",
    en: "The Parquet file is broken, or written in a way that is not read here.",
  },
  {
    of: /The file is one of (?<kind>\w+): it has the columns (?<columns>[^.]+)\. Send it to \/v1\/\w+\/batch\./,
    pt: `${OTHER_KIND.pt} tem as colunas de {kind} ({columns}).`,
    en: `${OTHER_KIND.en} it has the columns of {kind} ({columns}).`,
    mend: "kind",
  },
  {
    of: /No header with the columns (?<needed>.+?) was found in the first \d+ records, and the file does not begin with rows of \d+ columns\. Read(?:, with the delimiter (?:;|,|tab))?: (?<read>.*?)\.(?= (?:It lacks|It has no column|Delimiters are|Name columns by hand) )/,
    pt: `${COLUMNS_UNKNOWN.pt} Lido: {read}. É preciso ter: {needed}.`,
    en: `${COLUMNS_UNKNOWN.en} Read: {read}. Needed: {needed}.`,
    mend: "columns",
  },
  {
    of: /Its columns are not those of (?<kind>\w+)\. Read: (?<read>.*?)\.(?= (?:It lacks|It has no column|Name columns by hand) )/,
    pt: `${COLUMNS_UNKNOWN.pt} Lido: {read}. O arquivo deveria ser de {kind}.`,
    en: `${COLUMNS_UNKNOWN.en} Read: {read}. The file was to be one of {kind}.`,
    mend: "columns",
  },
  {
    of: /The file's header names a column twice \((?<read>.*?)\)\.(?= Name columns by hand )/,
    pt: `${COLUMNS_UNKNOWN.pt} O cabeçalho tem duas colunas para o mesmo dado ({read}).`,
    en: `${COLUMNS_UNKNOWN.en} The header has two columns for the same thing ({read}).`,
    mend: "columns",
  },
  { of: /It lacks (?<lacks>[^.]+)\./, pt: "Falta: {lacks}.", en: "It lacks {lacks}." },
  {
    of: /It has no column (?<lacks>.+?), which `columns` names\./,
    pt: "Não há a coluna {lacks}.",
    en: "There is no column {lacks}.",
  },
  { of: /Delimiters are ; , and tab \(also by a first line sep=; or \?delimiter=\)\./, pt: "", en: "" },
  { of: /Name columns by hand with .+? docs\/files\.md lists the names that are known\./, pt: "", en: "" },
  {
    of: /Rows of data stand before the file's header, which is its record (?<line>\d+)\. Take them out, or send the file with header=none where it has no header\./,
    pt: "Há linhas de dados antes do cabeçalho, que é a linha {line} do arquivo. Tire-as de lá.",
    en: "Rows of data stand before the header, which is the file's record {line}. Take them out.",
  },
  {
    of: /A quote in the file's header is not closed\. Close it, or take it out\./,
    pt: "Há aspas abertas no cabeçalho do arquivo. Feche-as ou tire-as.",
    en: "A quote in the file's header is not closed. Close it, or take it out.",
  },
  {
    of: /Line (?<line>\d+) is another header, with other columns or in another order than the file's first\. Nothing was kept of the file: send its parts one by one\./,
    pt: "A linha {line} é outro cabeçalho, com outras colunas ou em outra ordem. Nada do arquivo ficou: envie as partes separadas.",
    en: "Line {line} is another header, with other columns or in another order. Nothing was kept: send the parts one by one.",
  },
  {
    of: /The zip holds (?<n>\d+) files, and none is named as a table: (?<names>[^:]+?)\.$/,
    pt: { one: "O zip não traz uma tabela ({names}).", other: "O zip traz {n} arquivos e nenhum é tabela ({names})." },
    en: { one: "The zip holds no table ({names}).", other: "The zip holds {n} files, and none is a table ({names})." },
  },
  {
    of: /The zip is broken\./,
    pt: "O zip está danificado.",
    en: "The zip is broken.",
  },
  {
    of: /A file in the zip is encrypted\. Send it without a password\./,
    pt: "O zip tem senha. Envie sem senha.",
    en: "The zip is protected by a password. Send it without one.",
  },
  {
    of: /The zip is (?:encrypted, or )?packed in a way that is not read here\./,
    pt: "O zip tem senha, ou foi compactado de um jeito que não se lê aqui.",
    en: "The zip has a password, or is packed in a way that is not read here.",
  },
  {
    of: /The zip holds an archive in an archive, which is not unpacked\./,
    pt: "Dentro do zip há outro arquivo compactado. Descompacte-o antes.",
    en: "The zip holds another archive. Unpack it first.",
  },
  {
    of: /The zip holds too many files\. Send a zip with one table in it\./,
    pt: "O zip traz arquivos demais. Envie um zip com uma tabela só.",
    en: "The zip holds too many files. Send a zip with one table in it.",
  },
  {
    of: /The zip holds more than (?<n>\d+) tables(?: that are no CSV)?\. Send them in several(?:, or as CSV)?\./,
    pt: "O zip traz mais de {n} tabelas. Envie em vários.",
    en: "The zip holds more than {n} tables. Send them in several.",
  },
  {
    of: /The file looks like an OpenDocument file or a program\. Save the sheet as CSV\./,
    pt: "O arquivo parece um OpenDocument (.ods) ou um programa. Salve a planilha como CSV e envie.",
    en: "The file looks like an OpenDocument file (.ods) or a program. Save the sheet as CSV, and send that.",
  },
  {
    of: /The workbook is broken: its end is missing, or damaged\. Save it again, and send that\./,
    pt: "A planilha está incompleta ou danificada. Salve de novo e envie.",
    en: "The workbook is cut off or damaged. Save it again, and send that.",
  },
  {
    of: /(?:The gzip ends too early|What came is not the gzip that it says it is)\./,
    pt: "O gzip está incompleto ou danificado.",
    en: "The gzip is cut off or damaged.",
  },
  {
    of: /The gzip has too many members that hold next to nothing: more than \d+, and one for each \d+ bytes\. Pack the file in one piece\./,
    pt: "O gzip é feito de pedaços demais. Compacte o arquivo de uma vez.",
    en: "The gzip is made of too many pieces. Pack the file in one.",
  },
  {
    of: /The file (?:needs more than \d+ bytes of memory|takes more than \d+ seconds) to read\./,
    pt: "O arquivo é pesado demais para ser lido. Envie como CSV, ou em partes.",
    en: "The file takes too much to be read. Send it as CSV, or in parts.",
  },
  {
    of: /The file is broken, or written in a way that is not read here\./,
    pt: "O arquivo está danificado, ou foi gravado de um jeito que não se lê aqui.",
    en: "The file is broken, or written in a way that is not read here.",
  },
  {
    of: /The file is larger than this service takes: (?<size>\d+) bytes, unpacked\./,
    pt: "O arquivo é grande demais: aberto, pode ter até {size}.",
    en: "The file is too large: unpacked it may have {size}.",
  },
  {
    of: /The file swells: as CSV it is more than (?<n>\d+) times the (?<size>\d+) bytes that were sent\. Send it as CSV, plain or packed as gzip\./,
    pt: "Aberto, o arquivo tem mais de {n} vezes os {size} enviados. Envie CSV, puro ou em gzip.",
    en: "Unpacked, the file is more than {n} times the {size} that were sent. Send CSV, plain or in gzip.",
  },
  {
    of: /The workbook is larger than this service takes: (?<size>\d+) bytes, unpacked\./,
    pt: "A planilha é grande demais: aberta, pode ter até {size}.",
    en: "The workbook is too large: unpacked it may have {size}.",
  },
  {
    of: /A body has up to (?<size>\d+) bytes here\./,
    pt: "É grande demais: o máximo é {size}.",
    en: "It is too large: up to {size} are taken.",
  },
  {
    of: /Your files that are not loaded yet take (?<size>\d+) bytes, as much as a user's may\. Send this one when they are\./,
    pt: "Os seus arquivos ainda não carregados já ocupam {size}, o máximo por pessoa. Este segue quando eles terminarem.",
    en: "Your files that are not loaded yet take {size}, as much as one person's may. This one goes when they are done.",
  },
  {
    of: /You have (?<n>\d+) uploads that are not whole\. Go on with one, or end one with DELETE\./,
    pt: "Há {n} envios seus pela metade, o máximo. Termine ou cancele um.",
    en: "You have {n} uploads that are not whole, the most there may be. End or cancel one.",
  },
  {
    of: /The service's disk is nearly full: no file is taken until there is room again\. All else works\./,
    pt: "O disco do serviço está quase cheio: nenhum arquivo entra até haver espaço. O resto funciona.",
    en: "The service's disk is nearly full: no file is taken until there is room. All else works.",
  },
];

export const SENTENCES = [...ACCOUNTS, ...FILES, ...LOADS];
