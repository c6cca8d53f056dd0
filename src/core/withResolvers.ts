/** Promise.withResolvers, which Node has from 22 on, for libraries that call it. Imported for its effect. */
if (!("withResolvers" in Promise))
  Object.defineProperty(Promise, "withResolvers", {
    configurable: true,
    writable: true,
    value: () => {
      const settlers: { resolve?: unknown; reject?: unknown } = {};
      const promise = new Promise((resolve, reject) =>
        Object.assign(settlers, { resolve, reject }),
      );
      return { promise, ...settlers };
    },
  });
