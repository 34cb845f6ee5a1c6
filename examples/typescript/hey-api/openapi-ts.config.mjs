export default {
  input: `${process.env.LOGISTICS_URL}/openapi.json`,
  output: "hey-api/client",
};
