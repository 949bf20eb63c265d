// The safety number with somebody, and what one does with it: compare, scan, say that it is the same.
import { ScanQrCode, ShieldAlert, ShieldCheck, ShieldQuestionMark } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useClient, useEngine } from '../../client.tsx';
import { readSafety, safetyText } from '../../crypto/qr-texts.ts';
import type { Standing, Trust } from '../../crypto/trust.ts';
import type { User } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { nameOf } from '../../names.ts';
import { useStanding } from '../../standing.ts';
import { Button } from '../../ui/button.tsx';
import { QrCode } from '../../ui/qr-code.tsx';
import { Scanner } from '../../ui/scanner.tsx';
import styles from './details.module.css';
import { Differs } from './differs.tsx';
import { SafetyNumber } from './safety-number.tsx';

/** What came of scanning or deciding. */
type Said = 'match' | 'differs' | 'stale' | null;

export function Encryption({ peer }: { peer: User }) {
  const { trust } = useClient().engine;
  const linked = useEngine((snapshot) => snapshot.linked);
  const standing = useStanding(peer.id);
  const name = nameOf(peer);
  // Whoever looks at the number wants the one that stands now.
  useEffect(() => void trust?.refresh(peer.id), [trust, peer.id]);
  return (
    <section className={styles.section} aria-label={t('details.encryption')}>
      <h3>{t('details.encryption')}</h3>
      {!trust && <p className={styles.warning}>{t('details.plain')}</p>}
      {trust && !standing && <p role="status">{t('details.loading')}</p>}
      {standing && !standing.safety_number && (
        <p className={styles.soft}>{linked ? t('details.none', { name }) : t('details.unlinked')}</p>
      )}
      {trust && standing?.safety_number && (
        <Compare trust={trust} peer={peer} standing={standing} number={standing.safety_number} />
      )}
    </section>
  );
}

interface CompareProps {
  trust: Trust;
  peer: User;
  standing: Standing;
  number: string;
}

function Compare({ trust, peer, standing, number }: CompareProps) {
  const [scanning, setScanning] = useState(false);
  const [said, setSaid] = useState<Said>(null);
  const name = nameOf(peer);
  const { verified, held } = standing;
  const verify = async (after: Said) => setSaid((await trust.verify(peer.id, number)) ? after : 'stale');
  const accept = async () => setSaid((await trust.accept(peer.id, number)) ? null : 'stale');
  const read = (text: string) => {
    const scanned = readSafety(text);
    if (scanned === null) return t('details.scan.other');
    setScanning(false);
    if (scanned === number) void verify('match');
    else setSaid('differs');
    return null;
  };

  return (
    <>
      <State verified={verified} held={held} name={name} />
      {said === 'match' && verified && (
        <p className={styles.match} role="status">
          {t('details.match', { name })}
        </p>
      )}
      {said === 'differs' && <Differs name={name} onAgain={() => setScanning(true)} />}
      {said === 'stale' && (
        <p className={styles.warning} role="alert">
          {t('trust.stale')}
        </p>
      )}
      <p className={styles.soft}>
        {t(held ? 'details.held' : verified ? 'details.verified.text' : 'details.text', { name })}
      </p>
      <div className={styles.number}>
        <QrCode text={safetyText(number)} label={t('details.qr')} />
        <SafetyNumber number={number} />
      </div>
      <div className={styles.actions}>
        <Button look={verified ? 'plain' : 'primary'} onClick={() => setScanning(true)}>
          <ScanQrCode size={18} aria-hidden="true" />
          {t('details.scan')}
        </Button>
        {verified ? (
          <Button onClick={() => void trust.unverify(peer.id).then(() => setSaid(null))}>
            {t('details.unverify')}
          </Button>
        ) : (
          <Button onClick={() => void verify(null)}>{t('details.verify')}</Button>
        )}
        {held && (
          <Button look="danger" onClick={() => void accept()}>
            {t('trust.accept')}
          </Button>
        )}
      </div>
      {scanning && (
        <Scanner
          title={t('details.scan.title', { name })}
          text={t('details.scan.text', { name })}
          onRead={read}
          onClose={() => setScanning(false)}
        />
      )}
    </>
  );
}

function State({ verified, held, name }: { verified: boolean; held: boolean; name: string }) {
  const Icon = held ? ShieldAlert : verified ? ShieldCheck : ShieldQuestionMark;
  const is = held ? 'held' : verified ? 'verified' : 'unverified';
  const words = held
    ? t('trust.banner.title', { name })
    : t(`details.${verified ? 'verified' : 'unverified'}`);
  return (
    <p className={styles.state} data-is={is}>
      <Icon size={18} aria-hidden="true" />
      {words}
    </p>
  );
}
