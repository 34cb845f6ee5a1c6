module.exports = {
  api: {
    input: `${process.env.LOGISTICS_URL}/openapi.json`,
    output: {
      target: "./api.ts",
      client: "fetch",
      mode: "split",
      override: { mutator: { path: "./ask.ts", name: "ask" } },
    },
  },
};
