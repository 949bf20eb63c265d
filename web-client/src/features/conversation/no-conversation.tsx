// What the right side shows while nothing is chosen.
import { t } from '../../i18n/text.ts';
import { Empty } from '../../ui/empty.tsx';
import { Mark } from '../../ui/mark.tsx';

export function NoConversation() {
  return (
    <Empty icon={<Mark size={72} />} title={t('conversation.none.title')}>
      <p>{t('conversation.none.text')}</p>
    </Empty>
  );
}
