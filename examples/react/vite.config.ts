// Serves the page and hands what is for the server on to it: then the page needs no other address than its own.
//
//   npx vite examples/react
//
// In a project of your own: npm install convex react react-dom vite
const target = process.env["CONNVO_URL"] ?? "http://127.0.0.1:3210";
const proxy = { "/api": { target, ws: true }, "/auth": { target } };

export default { server: { proxy }, preview: { proxy } };
