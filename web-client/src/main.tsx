// Starts the client in a browser.
import './tokens.css';
import './base.css';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { browserCrypto } from './crypto/browser.ts';
import { language, setLanguage } from './i18n/text.ts';
import { webPlatform } from './platform-web.ts';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
await setLanguage(navigator.languages);
Object.assign(document.documentElement, language());
createRoot(root).render(<App platform={webPlatform()} crypto={browserCrypto} />);
