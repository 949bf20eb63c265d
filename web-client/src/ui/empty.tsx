// What stands where there is nothing yet.
import type { ReactNode } from 'react';
import styles from './empty.module.css';

export function Empty({ icon, title, children }: { icon?: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className={styles.empty}>
      {icon}
      <h2>{title}</h2>
      {children}
    </div>
  );
}
