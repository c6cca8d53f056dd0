/** The pages by address. */
export function App() {
  return <h1>Connvo</h1>;
}
