/** The version of this software, as reports and stored folders name it; a test holds it to package.json. */
export const VERSION = '0.1.0';
