/** Prints which Node.js runs the project: proof that the installation works. */
console.log(`Node.js ${process.version} at ${process.execPath}`);
