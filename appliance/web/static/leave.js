// 结束使用: forget what scripts kept on this terminal. The server has wiped the cookies already, and tells browsers on
// secure addresses to clear all storage; over plain HTTP that header is not obeyed, so it is done here as well.
"use strict";
(() => {
  const quietly = (act) => { try { return act(); } catch { return undefined; } };
  quietly(() => localStorage.clear());
  quietly(() => sessionStorage.clear());
  quietly(() => indexedDB.databases().then((all) => all.forEach((one) => indexedDB.deleteDatabase(one.name))));
})();
