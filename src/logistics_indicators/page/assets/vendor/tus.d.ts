export * as default from "tus-js-client";
