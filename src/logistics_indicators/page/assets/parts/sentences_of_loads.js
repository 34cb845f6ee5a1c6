/** What the service says of loads, their undo and their mending, as sentences.js has it of accounts and files. */

/** @type {readonly import("./sentences.js").Said[]} */
export const LOADS = [
  {
    of: /Load (?<id>\d+) is (?:undone|failed|received|loading): only a completed trial is confirmed\./,
    pt: "A conferência {id} não está mais aqui: envie o arquivo de novo.",
    en: "Check {id} is not there any more: send the file again.",
  },
  {
    of: /Load (?<id>\d+) was loaded as load (?<other_id>\d+), which was undone\. Send the file again\./,
    pt: "O arquivo foi carregado como carga {other_id}, que foi desfeita: envie-o de novo.",
    en: "The file was loaded as load {other_id}, which was undone: send it again.",
  },
  {
    of: /The file of load (?<id>\d+) is gone: it is kept for (?:an hour|\d+ hours)\. Send it again\./,
    pt: "O arquivo da conferência {id} não está mais guardado: envie-o de novo.",
    en: "The file of check {id} is kept no more: send it again.",
  },
  {
    of: /Every row was stored already, with the same values: nothing changed\./,
    pt: "Todas as linhas já estavam gravadas, com os mesmos valores: nada mudou.",
    en: "Every row was stored already, with the same values: nothing changed.",
  },
  {
    of: /Every row was rejected: nothing of the file was taken\. `rejects` says why\./,
    pt: "Todas as linhas foram rejeitadas: nada do arquivo foi aceito.",
    en: "Every row was rejected: nothing of the file was taken.",
  },
  {
    of: /The first (?<n>\d+) of (?<m>\d+) rejected rows are kept; all are counted\./,
    pt: "Das {m} linhas rejeitadas ficam guardadas as primeiras {n}; todas são contadas.",
    en: "Of the {m} rejected rows the first {n} are kept; all are counted.",
  },
  {
    of: /The file has exactly 1,048,575 data rows, as many as an Excel sheet holds: it may have been cut\./,
    pt: "O arquivo tem exatamente 1.048.575 linhas, o máximo de uma aba do Excel: pode ter sido cortado.",
    en: "The file has exactly 1,048,575 rows, as many as an Excel sheet holds: it may have been cut.",
  },
  {
    of: /(?<n>\d+) visits of unknown customers do not wait: others take all the room that there is for it\./,
    pt: {
      one: "{n} atendimento de cliente desconhecido não espera: não há mais lugar.",
      other: "{n} atendimentos de clientes desconhecidos não esperam: não há mais lugar.",
    },
    en: {
      one: "{n} visit of an unknown customer does not wait: there is no more room.",
      other: "{n} visits of unknown customers do not wait: there is no more room.",
    },
  },
  {
    of: /Some rows are UTF-8, and more are not: all were read as Windows-1252\. Look at the accents of those rows, or send the parts one by one with \?encoding=\./,
    pt: "Algumas linhas são UTF-8 e a maioria não: tudo foi lido como Windows-1252. Olhe os acentos dessas linhas.",
    en: "Some rows are UTF-8, and more are not: all were read as Windows-1252. Look at the accents of those rows.",
  },
  {
    of: /Only the sheet (?<sheet>.+?) was read, not (?<others>.+?): \?sheet= names another\./,
    pt: "Só a aba {sheet} foi lida; estas não: {others}.",
    en: "Only the sheet {sheet} was read, not {others}.",
  },
  {
    of: /Files of the zip that are no tables by their names were not read: (?<names>.+?)\. Names of tables end in [^:]+?\.(?=\s|$)/,
    pt: "Do zip não foram lidos, pois pelo nome não são tabelas: {names}.",
    en: "Files of the zip that are no tables by their names were not read: {names}.",
  },
  {
    of: /(?<column>\w+): (?:at least )?(?<n>\d+) spellings? \(blanks, invisible marks, Unicode form\) joined to (?<m>\d+) names?: (?<names>.+?)\.$/,
    pt: {
      one: "{column}: {n} grafia juntada em {m}: {names}.",
      other: "{column}: {n} grafias juntadas em {m}: {names}.",
    },
    en: {
      one: "{column}: {n} spelling joined to {m}: {names}.",
      other: "{column}: {n} spellings joined to {m}: {names}.",
    },
  },
  {
    of: /(?<column>\w+): (?<n>\d+) dates? before (?<first>[\d-]+) or after (?<last>[\d-]+), the first in line (?<line>\d+)\. They were taken(?:, and they move every range of days that is not asked for)?\./,
    pt: {
      one: "{column}: {n} data antes de {first} ou depois de {last}, na linha {line}. Foi aceita.",
      other: "{column}: {n} datas antes de {first} ou depois de {last}, a primeira na linha {line}. Foram aceitas.",
    },
    en: {
      one: "{column}: {n} date before {first} or after {last}, in line {line}. It was taken.",
      other: "{column}: {n} dates before {first} or after {last}, the first in line {line}. They were taken.",
    },
  },
  {
    of: /(?:at least )?(?<n>\d+) polos? without a state, found by no uf: (?<names>.+?)\. An admin may set it: PUT \/v1\/polos\/\{id\}\./,
    pt: {
      one: "{n} polo sem UF, que nenhum filtro de UF encontra: {names}.",
      other: "{n} polos sem UF, que nenhum filtro de UF encontra: {names}.",
    },
    en: {
      one: "{n} polo without a state, found by no state filter: {names}.",
      other: "{n} polos without a state, found by no state filter: {names}.",
    },
  },
  {
    of: /Line (?<line>\d+)(?: \(and \d+ more\))? inside of quotes looks like a row of its own: if a quote is missing before it, close it\./,
    pt: "A linha {line} está entre aspas e parece uma linha à parte: se faltam aspas antes dela, feche-as.",
    en: "Line {line} inside of quotes looks like a row of its own: if a quote is missing before it, close it.",
  },
  {
    of: /Line (?<line>\d+)(?: \(and \d+ more\))? has a date that is one only with the month before the day\. All dates are read day first: if the file has the month first, those that were taken are wrong\. Undo the load, and send it with the day first\./,
    pt: "A linha {line} tem uma data que só existe com o mês antes do dia. As datas são lidas com o dia primeiro: se o arquivo traz o mês primeiro, as aceitas estão erradas. Desfaça a carga e envie com o dia primeiro.",
    en: "Line {line} has a date that is one only with the month before the day. Dates are read day first: if the file has the month first, those taken are wrong. Undo the load, and send it with the day first.",
  },
  {
    of: /Line (?<line>\d+)(?: \(and \d+ more\))? holds a carriage return that ends no line: save the file with one kind of line ends\./,
    pt: "A linha {line} tem uma quebra que não termina a linha: salve o arquivo com um só tipo de fim de linha.",
    en: "Line {line} holds a carriage return that ends no line: save the file with one kind of line ends.",
  },
  {
    of: /The file of load (?<id>\d+) is gone: it is kept .+?\.(?: Send it again\.)?$/,
    pt: "O arquivo da carga {id} já não está guardado. Envie de novo.",
    en: "The file of load {id} is not kept any more. Send it again.",
  },
  {
    of: /(?<n>\d+) rows? of load (?<id>\d+) changed since: (?<changes>[^.]+)\./,
    pt: {
      one: "{n} linha da carga {id} mudou depois: {changes}.",
      other: "{n} linhas da carga {id} mudaram depois: {changes}.",
    },
    en: {
      one: "{n} row of load {id} changed since: {changes}.",
      other: "{n} rows of load {id} changed since: {changes}.",
    },
  },
  {
    of: /Undo load (?<id>\d+) first\./,
    pt: "Desfaça antes a carga {id}.",
    en: "Undo load {id} first.",
  },
  {
    of: /Undo these loads first, in this order: (?<ids>[\d, ]+)(?: and \d+ more)?\./,
    pt: "Desfaça antes estas cargas, nesta ordem: {ids}.",
    en: "Undo these loads first, in this order: {ids}.",
  },
  {
    of: /(?:That cannot|Not all of that can) be undone, so the load stays: put its rows right one by one, or with a file of them and on_conflict=update\./,
    pt: "Nem tudo isso se desfaz, e a carga fica: corrija as linhas uma a uma, ou com um arquivo que as atualize.",
    en: "Not all of that can be undone, so the load stays: put its rows right one by one, or with a file that updates them.",
  },
  {
    of: /(?<n>\d+) rows? of (?<other>\w+) points? at (?<kind>\w+) of load (?<id>\d+): (?<changes>[^.]+)\./,
    pt: {
      one: "{n} linha de {other} é de {kind} da carga {id}: {changes}.",
      other: "{n} linhas de {other} são de {kind} da carga {id}: {changes}.",
    },
    en: {
      one: "{n} row of {other} is of {kind} of load {id}: {changes}.",
      other: "{n} rows of {other} are of {kind} of load {id}: {changes}.",
    },
  },
  {
    of: /Those that no load can take back need other (?<kind>\w+) first\./,
    pt: "As que nenhuma carga tira precisam antes mudar de {kind}.",
    en: "Those that no load can take back need other {kind} first.",
  },
  {
    of: /(?<n>\d+) rows? of load (?<id>\d+) belonged to (?<kind>\w+) that are gone: (?<ids>[\d, ]+(?: and \d+ more)?)\. Load those again first, with the same ids\./,
    pt: {
      one: "{n} linha da carga {id} era de {kind} que não existem mais: {ids}. Carregue antes esses mesmos ids.",
      other: "{n} linhas da carga {id} eram de {kind} que não existem mais: {ids}. Carregue antes esses mesmos ids.",
    },
    en: {
      one: "{n} row of load {id} belonged to {kind} that are gone: {ids}. Load those again first, with the same ids.",
      other:
        "{n} rows of load {id} belonged to {kind} that are gone: {ids}. Load those again first, with the same ids.",
    },
  },
  {
    of: /(?<n>\d+) rows? of load (?<id>\d+) had an email before that another has now\. Change that of these customers first: (?<ids>[\d, ]+(?: and \d+ more)?)\./,
    pt: {
      one: "{n} linha da carga {id} tinha antes um e-mail que agora é de outro cliente. Mude antes o destes: {ids}.",
      other:
        "{n} linhas da carga {id} tinham antes um e-mail que agora é de outro cliente. Mude antes o destes: {ids}.",
    },
    en: {
      one: "{n} row of load {id} had an e-mail before that another customer has now. Change that of these first: {ids}.",
      other:
        "{n} rows of load {id} had an e-mail before that another customer has now. Change that of these first: {ids}.",
    },
  },
  {
    of: /(?:Other rows came to stand against the undo of load (?<id>\d+) meanwhile|\d+ rows? of load \d+ changed meanwhile)\./,
    pt: "Outras linhas mudaram enquanto a carga era desfeita: nada foi feito. Tente de novo.",
    en: "Other rows changed while the load was being undone: nothing was done. Try again.",
  },
  { of: /Ask again: the answer says what to do first\./, pt: "", en: "" },
  {
    of: /Load (?<id>\d+) is (?:received|loading): only a completed load can be undone\. Wait until it has ended\./,
    pt: "A carga {id} ainda não terminou: espere, e então desfaça.",
    en: "Load {id} has not ended yet: wait, and undo it then.",
  },
  {
    of: /Load (?<id>\d+) is undone: only a completed load can be undone\. Nothing of it is left to take back\./,
    pt: "A carga {id} já está desfeita.",
    en: "Load {id} is undone already.",
  },
  {
    of: /Load (?<id>\d+) is failed: only a completed load can be undone\. What it wrote was taken back when it failed; its `error` says what could not be\./,
    pt: "A carga {id} falhou, e o que gravou já foi tirado; o erro dela diz se algo ficou.",
    en: "Load {id} failed, and what it wrote was taken back; its error says whether something stayed.",
  },
  {
    of: /Nothing was done, for somebody was there before: lines (?<lines>[\d, ]+)\. See errors\./,
    pt: "Nada foi feito: alguém já mexeu nestas linhas.",
    en: "Nothing was done: somebody has dealt with these lines already.",
  },
  {
    of: /was mended by load (?<id>\d+) of (?<who>.+)$/,
    pt: "{field}: já corrigida por {who}, na carga {id}.",
    en: "{field}: mended by {who} already, in load {id}.",
  },
  {
    of: /was dropped by (?<who>.+)$/,
    pt: "{field}: já descartada por {who}.",
    en: "{field}: dropped by {who} already.",
  },
  {
    of: /is being mended by load (?<id>\d+) of (?<who>.+)$/,
    pt: "{field}: {who} está corrigindo, na carga {id}.",
    en: "{field}: {who} is mending it, in load {id}.",
  },
  {
    of: /waits for its customer in load (?<id>\d+) of (?<who>.+)$/,
    pt: "{field}: espera o cliente, na carga {id} de {who}.",
    en: "{field}: waits for its customer, in load {id} of {who}.",
  },
];
