// Exits with 0 when the server of this machine can serve: the container's health check.
import { request as http } from "node:http";
import { request as https } from "node:https";

const { PORT: port = "3210", CONNVO_TLS_CERT: certificate } = process.env;
// The certificate is for the public name, and here nobody stands between.
const options = { host: "127.0.0.1", port, path: "/readyz", rejectUnauthorized: false };

(certificate ? https : http)(options, (answer) => {
  if (answer.statusCode !== 200) console.error(`/readyz: ${answer.statusCode}`);
  process.exit(answer.statusCode === 200 ? 0 : 1);
})
  .on("error", (error) => {
    console.error(error.message);
    process.exit(1);
  })
  .setTimeout(4000, () => {
    console.error("/readyz does not answer");
    process.exit(1);
  })
  .end();
