"""Declining in the languages that open models' cards name beside English: short lists, a rule for all of them.

A text declines if one of its clauses does and none may hold an answer: none follows a turn ("aber", "mais"), and none
beside it, apologies, reasons and advice aside, holds a name or a number or, where a script has no capital letters, any
words at all. Advice reaches to the end of its sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

_CLAUSE = re.compile(r"[,;:!?…。！？；：，、،؛؟।\n()–—]+|\.(?=\s|$)|\.{2,}")
_SENTENCE = re.compile(r"(?<=[!?。！？।؟\n;])|(?<=\.)\s")
"""Where a sentence ends."""
_NAMED = re.compile(r"(?<!^)\b[A-ZÀ-ÞŁŚŻŹĆА-Я][\w'-]+|\d(?![\d.,]*\s?%)")
_ALONE = re.compile(r"[A-ZÀ-ÞŁŚŻŹĆА-Я][\w'-]+(?: [A-ZÀ-ÞŁŚŻŹĆА-Я][\w'-]+){0,3}|\d[\d.,]*")
_WORD = re.compile(r"\w+")
_LONGEST = 600
"""Characters of a text that is looked at; a longer one is no refusal of these short forms."""


@dataclass(frozen=True)
class Language:
    """How one language declines, turns to an answer, and says what is neither: patterns over lower-case text."""

    name: str
    declines: str
    """What declines in a clause."""
    turns: str
    """What opens a turn to an answer, or a guess."""
    neutral: str
    """What marks a clause of apology, reason or advice."""
    signs: str = ""
    """Words, without accents, of which one stands in every refusal that is written in ASCII letters."""
    cased: bool = True
    """Whether names have capital letters."""
    advice: str = r"(?!)"
    """What opens advice to look elsewhere; what follows it in its sentence, names too, is no answer."""

    def __hash__(self) -> int:
        """Return a hash that costs little: languages differ in their names."""
        return hash(self.name)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
        return re.compile(self.declines), re.compile(self.turns), re.compile(self.neutral), re.compile(self.advice)

    def says_no(self, text: str) -> bool:
        """Return whether `text`, folded, declines in this language."""
        sentences = [self._read_sentence(sentence) for sentence in _SENTENCE.split(text)]
        return any(refuses for refuses, _ in sentences) and not any(answers for _, answers in sentences)

    def _read_sentence(self, sentence: str) -> tuple[bool, bool]:
        """Return whether a clause of the sentence declines, and whether one may hold an answer."""
        declines, turns, neutral, advice = self._patterns
        refuses = False
        for clause in filter(None, map(str.strip, _CLAUSE.split(sentence))):
            lower = clause.lower()
            refusal = declines.search(lower)
            rest = lower[refusal.end() :] if refusal else lower
            turn = turns.search(rest)
            turns_to_words = turn is not None and any(map(str.isalnum, rest[turn.end() :]))
            if refusal is None and advice.search(lower):
                return refuses, False
            if refusal is not None:
                if turns_to_words and not declines.search(rest):
                    return refuses, not advice.search(rest)
                refuses = True
            elif not neutral.search(lower) and (turns_to_words or self._names(clause)):
                return refuses, True
        return refuses, False

    def _names(self, clause: str) -> bool:
        """Return whether a clause holds a name or a number, or anything in a script without capital letters."""
        return not self.cased or bool(_NAMED.search(clause) or _ALONE.fullmatch(clause))


LANGUAGES = (
    Language(
        "German",
        r"\bkein\w* (?:\w+ ){0,3}(?:information\w*|angabe\w*|auskunft|kenntnis\w*|antwort|daten|wissen)\b|"
        r"\b(?:ich|mir|mich)\b.{0,80}?\b(?:nicht|kein\w*|überfragt|ausserstande|außerstande|unmöglich|enthalte"
        r"|passe|verzichte)\b"
        r"|\b(?:weiß|weiss|kenne|kann|habe|besitze)\b.{0,20}\bich\b.{0,60}\b(?:nicht|kein\w*)\b"
        r"|\bkeine (?:ahnung|antwort|angabe\w*|information\w*|daten)"
        r"|(?:nicht|un)\s?bekannt|\bunklar\b|\benthalte ich mich|\bweiß nicht|\bweiss nicht|nicht beantworte\w*",
        r"\b(?:aber|jedoch|doch|allerdings|trotzdem|vermutlich|wahrscheinlich|vielleicht|ich (?:glaube|denke"
        r"|vermute|tippe|schätze)|würde ich sagen)\b",
        r"\b(?:bitte|leider|tut mir|entschuldig\w*|verzeih\w*|empfehle|da ich|weil|als (?:ki|sprachmodell|ai)"
        r"|siehe|sehen sie|schau\w*|wenden|konsultieren|vielleicht hilft)\b",
        advice=r"\b(?:wenden sie|konsultieren|schauen sie|sehen sie|fragen sie|findet man|finden sie|nachschlagen"
        r"|nachlesen|auf der (?:web|internet)seite|lexikon|archiv\w*|bibliothek|chronik|auskunft geben|am besten"
        r"|weiterhelfen)\b",
        signs="nicht kein keine keinen keiner uberfragt enthalte unbekannt unklar ahnung",
    ),
    Language(
        "French",
        r"\bje sèche\b|\bje l'ignore\b|\bje ne saurais\b|"
        r"(?:\b(?:je|j'|on)\b.{0,30})?\b(?:ne|n')\s?.{0,40}?\b(?:sais|saurais|connais|peux|pourrais|dispose|ai"
        r"|souviens|rappelle|possède|suis|trouve|détiens|vais|veux|souhaite)\b"
        r".{0,30}?\b(?:pas|aucun\w*|rien|plus|guère|ni)\b|\b(?:je|j')\s?(?:sais pas|ignore|préfère (?:ne pas"
        r"|m'abstenir)|m'abstiens|suis (?:incapable|dans l'incapacité))"
        r"|\b(?:aucune (?:idée|information)|aucun souvenir|impossible de (?:répondre|dire|savoir)"
        r"|m'est impossible|inconnue?s?\b|sans réponse)",
        r"\b(?:mais|cependant|toutefois|pourtant|peut-être|probablement|je (?:dirais|pense|crois|parierais)"
        r"|sans doute|il me semble)\b",
        r"\b(?:désolée?|malheureusement|pardon|excus\w*|veuillez|conseille|recommande|consult\w*|car|parce"
        r"|puisque|comme je|en tant que|étant donné|regrette|navrée?|hélas)\b|^là$",
        advice=r"\b(?:consult\w+|renseigner|vérifi\w+|adress\w+|site (?:web|officiel)|encyclopédie|archives"
        r"|bibliothèque|pourr\w+ (?:\w+ ){0,2}(?:aider|répondre|trouver|informer)|je vous (?:conseille|recommande"
        r"|suggère|invite))\b",
        signs="pas sais saurais seche ignore aucune aucun incapable impossible prefere abstiens inconnu rien",
    ),
    Language(
        "Spanish",
        r"\bno (?:\w+ )?puedo\b|"
        r"\bno (?:lo |la |me |te |le )?(?:sé\b|se$|conozco|recuerdo|acuerdo|tengo|puedo|podría|dispongo|cuento"
        r"|estoy|sabría|logro|poseo|es posible|me es posible|quiero|deseo"
        r"|encuentro|daré|responderé|voy a)|\b(?:ni idea|desconozco|ignoro|prefiero no|prefiero abstenerme"
        r"|me abstengo|incapaz de|imposible (?:decir|responder|saber)|se desconoce"
        r"|desconocid[oa]|sin respuesta)\b",
        r"\b(?:pero|sin embargo|no obstante|aunque (?:diría|creo)|quizás?|tal vez|probablemente|diría|creo que"
        r"|supongo|me parece)\b",
        r"\b(?:lo siento|lamento|lamentablemente|desafortunadamente|perdón?|disculp\w*|por favor|recomiendo"
        r"|sugiero|consult\w*|porque|ya que|como (?:modelo|ia)|al no|dado que"
        r"|así que|la verdad|puedes?|le aconsejo)\b",
        advice=r"\b(?:consult\w+|le recomiendo|te recomiendo|sugiero|verifi\w+|página web|sitio web|enciclopedia"
        r"|archivo|biblioteca|podría (?:ayudar\w*|encontrar\w*|informar\w*))\b",
        signs="no ni desconozco ignoro prefiero abstengo incapaz imposible desconocido",
    ),
    Language(
        "Italian",
        r"\bnon (?:\w+ )?(?:sono in grado|dispongo)\b|"
        r"\bnon (?:lo |la |ne |mi |le |te |vi )?(?:so\b|ho\b|posso|potrei|sono|ricordo|conosco|dispongo|saprei"
        r"|riesco|vorrei|voglio|intendo|è possibile|possiedo|trovo|copre|rispond\w+)"
        r"|\b(?:nessuna (?:idea|informazione)|boh|preferisco (?:non|astenermi)|mi astengo|ignoro"
        r"|impossibile (?:dire|rispondere|sapere)|sconosciut[oa]|senza risposta)\b",
        r"\b(?:ma|però|tuttavia|eppure|forse|probabilmente|direi|credo|penso|suppongo|mi sembra|secondo me)\b",
        r"\b(?:mi dispiace|purtroppo|scus\w*|per favore|consiglio|suggerisco|consult\w*|perché|poiché"
        r"|come (?:modello|ia)|dato che|quindi|boh|spiacente)\b",
        advice=r"\b(?:consult\w+|verific\w+|sito|enciclopedia|archivio|biblioteca|biografia|(?:può|potrebbe|possono"
        r"|potrebbero) (?:\w+ )?(?:fornir\w+|aiutar\w+|trovare|rivolger\w+)|le consiglio|ti consiglio)\b",
        signs="non nessuna nessun boh preferisco astengo ignoro impossibile sconosciuto",
    ),
    Language(
        "Portuguese",
        r"\bnão (?:\w+ )?posso\b|"
        r"\b(?:não|nao) (?:o |a |me |te |lhe )?(?:sei|conheço|tenho|posso|poderia|lembro|recordo|consigo"
        r"|disponho|possuo|faço|saberia|vou|quero|encontr\w+|é possível|estou|dou)"
        r"|\b(?:sei lá|prefiro (?:não|me abster)|desconheço|ignoro|me abstenho|sem resposta|nenhuma ideia"
        r"|impossível (?:dizer|responder|saber)|desconhecid[oa])",
        r"\b(?:mas|porém|contudo|entretanto|todavia|talvez|provavelmente|acho que|creio que|diria|suponho"
        r"|deve ser)\b",
        r"\b(?:desculp\w*|infelizmente|lamento|sinto muito|por favor|recomendo|sugiro|consult\w*|porque|pois"
        r"|como (?:modelo|ia)|já que|por isso|perdão)\b",
        advice=r"\b(?:consult\w+|verifi\w+|site|enciclopédia|arquivo|biblioteca|jornal|(?:pode|podem|poderia"
        r"|poderá) (?:\w+ )?(?:ajudar|informar|encontrar|procurar)|recomendo|sugiro)\b",
        signs="nao sei prefiro desconheco ignoro abstenho nenhuma impossivel desconhecido",
    ),
    Language(
        "Dutch",
        r"\b(?:antwoord schuldig|onvoldoende (?:kennis|informatie|gegevens)|alleen maar gokken)\b|"
        r"\b(?:weet|ken|kan|kon|heb|beschik|durf|wil|herinner|ga)\b.{0,60}?\b(?:niet|geen)\b|\bgeen (?:idee"
        r"|antwoord|informatie|flauw)|\bsla .{0,30}\bover\b|\bonthoud me"
        r"|\bmoeten gokken|\b(?:niet|on)\s?bekend|\bsla over\b|\bik pas\b",
        r"\b(?:(?<!alleen )maar(?! .{0,30}\b(?:niet|geen)\b)|echter|toch|misschien|waarschijnlijk|vermoedelijk"
        r"|ik (?:denk"
        r"|gok|vermoed|geloof)|volgens mij)\b",
        r"\b(?:sorry|helaas|excuses|het spijt|alsjeblieft|alstublieft|raadpleeg|omdat|als (?:ai|taalmodel)"
        r"|aangezien|kijk|probeer|raad)\b",
        advice=r"\b(?:opzoeken|raadpleeg|raadplegen|website|archief|bibliotheek|encyclopedie|kunt u|u kunt|je kunt"
        r"|zou (?:u|je) kunnen|misschien weet)\b",
        signs="schuldig onvoldoende niet geen sla onthoud gokken onbekend",
    ),
    Language(
        "Polish",
        r"\bnie (?:\w+ )?(?:jestem w stanie|posiadam)\b|"
        r"\bnie (?:\w+ )?(?:wiem|pamiętam|potrafię|mogę|znam|mam (?:pojęcia|informacji|danych|dostępu|wiedzy"
        r"|pewności)|dysponuję|posiadam|jestem|chcę|będę|umiem|udzielę|odpowiem|podam"
        r"|da się)|\b(?:brak (?:mi|danych|informacji|odpowiedzi|wiedzy)|trudno powiedzieć|wstrzymuję się"
        r"|wolę nie|nie wiadomo|nieznan[yae])",
        r"\b(?:ale (?!nie)|jednak|chyba|prawdopodobnie|może|myślę|sądzę|wydaje mi się|przypuszczam|powiedziałbym)",
        r"\b(?:niestety|przykro|przepraszam|proszę|proponuję|polecam|sugeruję|warto|ponieważ|jako (?:model|ai)"
        r"|więc|gdyż)\b",
        advice=r"\b(?:sprawdź\w*|sprawdzi\w*|zajrz\w+|znajdzie|stron\w+ internetow\w+|encyklopedi\w+|archiwum"
        r"|bibliote\w+|zapytać|jeśli ma)\b",
        signs="nie brak trudno wstrzymuje wole nieznany",
    ),
    Language(
        "Russian",
        r"\b(?:не удалось|не удаётся|не удается)\b|"
        r"\bне (?:\w+ )?(?:знаю|помню|могу|располагаю|имею|владею|уверен\w*|готов\w*|буду|хочу|умею|отвечу|скажу"
        r"|стану|нашёл|нашел)|(?:у меня|мне) (?:\w+ )?(?:нет|неизвестн\w+)"
        r"|понятия не имею|без понятия|затрудняюсь|воздерж\w+|\bнеизвестно|\bнет (?:информации|данных|доступа"
        r"|ответа)|пропущу|сложно сказать|трудно сказать",
        r"\b(?:но|однако|возможно|наверное|вероятно|скорее всего|думаю|полагаю|кажется|предполож\w+)\b",
        r"\b(?:сожалению|извин\w+|прост\w+|пожалуйста|рекоменд\w+|совет\w+|обрат\w+|поскольку|потому|так как"
        r"|как (?:языковая|ии|модель)|поэтому)\b",
        advice=r"\b(?:рекомендую|советую|обратитесь|проверьте|посмотрите|поищите|на сайте|энциклопеди\w+|архив\w*"
        r"|библиотек\w+)\b",
    ),
    Language(
        "Chinese",
        r"(?:信息|資訊|资料|資料|知识|知識)(?:有限|不足)|不(?:随便|隨便|想|愿|再|会|會|敢|便)?(?:乱|亂)?猜|"
        r"不知道|不清楚|不了解|不瞭解|不(?:太|是很|大)?(?:确定|確定)|不晓得|不曉得|不认识"
        r"|[无無]法(?:准确)?(?:回答|确定|確定|提供|获取|獲取|给出|判断|判斷|确认|確認|告诉|作答|得知|访问)"
        r"|不能(?:回答|确定|提供)|[没沒]有.{0,8}(?:信息|資訊|数据|資料|资料|答案|把握|记录|印象)"
        r"|[记記]不(?:太)?(?:清|得|起)|不[记記]得|想不起|不作答|不回答|不予|不便|弃权|棄權|跳过|跳過|放弃(?:回答)?"
        r"|[说說]不(?:准|清|好|上)|难以(?:回答|确定|判断)|無可奉告|无可奉告|一无所知|答不(?:上|出)",
        r"但(?!.{0,6}(?:不|无|無|没))|不过|不過|然而|可能是|应该是|應該是|大概是|也许|也許|估计|我猜|或许"
        r"|我觉得|我认为|猜",
        r"抱歉|对不起|對不起|遗憾|遺憾|建议|建議|请|請|作为|作為|由于|由於|因为|因為|为(?:了)?避免|如果|您可以"
        r"|以免|不好意思|关于|關於|查阅|查詢",
        advice=r"(?:建议|建議)(?:您|你)?(?:查|参考|參考|咨询|諮詢|联系)|请(?:查|参考|咨询)|(?:您|你)可以(?:查|参考|咨询|到|去|在)",
        cased=False,
    ),
    Language(
        "Japanese",
        r"知識.{0,6}(?:ありません|ございません|ない|なく)|情報が(?:ない|なく)|"
        r"(?:分|わ|解)かりません|(?:分|わ|解)かりかね|(?:分|わ|解)から(?:ない|ず)|知りません|知らない"
        r"|存じ(?:ません|上げません|上げて)|答え(?:でき|られ)(?:ません|ない|かね)|回答.{0,4}(?:控え|差し控え"
        r"|でき(?:ません|ない|かね)|いたしかね|しません|ない)"
        r"|覚えて(?:い)?(?:ない|ません|おりません|おらず)|思い出せ|情報.{0,6}(?:ありません|持ち合わせ"
        r"|ございません|不足|持って)|持ち合わせて|何とも言え|なんとも言え|見当.{0,2}つ[きか]|不明です"
        r"|パスします|スキップ"
        r"|確認(?:でき|いたしかね)|(?:確信|自信)(?:は|が|を)?(?:ありません|持て|ない)|お伝えでき|判断でき"
        r"|特定でき|申し上げられ|棄権",
        r"しかし|おそらく|たぶん|多分|だと思い|かもしれ|でしょう|はずです|推測",
        r"^(?:うーん|んー|えーと|ええと|さあ)$|申し訳|すみません|恐れ入り|ごめん|残念|公式|ご確認|ご覧|お調べ|ください|参照|私の知識|ため$|ので$"
        r"|ちょっと|正直",
        advice=r"(?:ご確認|ご参照|お問い合わせ|お調べ|調べて|確認して|参照して)",
        cased=False,
    ),
    Language(
        "Korean",
        r"싶지 ?않|아는 바(?:가)? ?없|도움을 드리지 ?못|알지 ?못|"
        r"모르(?:겠|는|네|며|고|(?=지만))|모릅니다|몰라|알지 ?못|알 수 ?없|답(?:변|을|변을|하기)? ?(?:드릴|할"
        r"|드리|하)?(?:지| 수| 기)? ?(?:없|않|어렵)|대답할 수 없|기억.{0,4}(?:못|나지 않|안 나|없)"
        r"|정보.{0,4}(?:없|가지고 있지 않|부족)|확실하지(?:는|가)? ?않|건너뛰|기권|삼가|자신이 없"
        r"|확신.{0,4}(?:없|못|않)|말씀드릴 수 없|제공.{0,4}(?:수 없|않)|확인할 수 없|접근할 수 없",
        r"(?:지만|는데|으나)(?=\s+\S)|아마|같습니다|같아요|추측|일 ?거예요|생각(?:합|해)",
        r"죄송|미안|유감|참고|확인해|백과사전|바랍니다|권장|요청하신|아쉽|찾아보|언어 ?모델",
        advice=r"(?:확인해|참고하|찾아보|문의하|검색해)",
        cased=False,
    ),
    Language(
        "Arabic",
        r"لست (?:قادر|في وضع)\S*|خارج (?:نطاق|حدود)|لا (?:أملك|تتوفر) |"
        r"لا (?:أعرف|اعرف|أعلم|اعلم|أدري|ادري|أملك|أستطيع|استطيع|يمكنني|أتذكر|اتذكر|أذكر|تتوفر|يتوفر|توجد لدي"
        r"|أجيب|فكرة)|لست (?:متأكد|واثق|على)|ليس(?:ت)? (?:لدي|عندي)|لن (?:أجيب|أخمن)"
        r"|(?:س)?أمتنع|أفض[ّ]?ل (?:ألا|عدم)|غير معروف|لم أتمكن",
        r"لكن|غير أن|إلا أن|ربما|أظن|أعتقد|على الأرجح|لعل",
        r"عذر|آسف|للأسف|يُ?رجى|أنصح|بما أن|بصفتي|لذا|الرجاء|يمكنك|أعتذر|نظر|لأن",
        advice=r"(?:أنصح|يمكنك (?:مراجعة|البحث|الرجوع)|قد تجد|يُ?رجى|راجع|أرشيف|موسوعة|موقع)",
        cased=False,
    ),
    Language(
        "Hindi",
        r"(?:जानकारी|पता|ज्ञान) (?:\S+ ){0,3}नहीं|"
        r"नहीं (?:पता|जानत|मालूम|बता|दे |दूँगा|दूंगा|कह|है जानकारी)|(?:पता|मालूम|याद|ज्ञात|निश्चित|यकीन|जानकारी"
        r"|उपलब्ध|उत्तर|जवाब|अंदाज़ा)(?: \S+){0,2} नहीं|असमर्थ|नहीं लगाना",
        r"लेकिन|मगर|परंतु|परन्तु|किंतु|शायद|फिर भी|संभवतः",
        r"माफ़|माफ|क्षमा|खेद|कृपया|सलाह|इसलिए|अतः|आपने|क्योंकि|मॉडल",
        advice=r"(?:पुस्तक|किताब|वेबसाइट|मिल (?:जाए|सकत)|कृपया|विशेषज्ञ|देख सकते)",
        cased=False,
    ),
    Language(
        "Thai",
        r"นอกเหนือ|อยู่นอก|เกินความรู้|"
        r"ไม่ทราบ|ไม่รู้|ไม่มี(?:ข้อมูล|คำตอบ|ความรู้)|ไม่สามารถ|ไม่แน่ใจ|ไม่มั่นใจ|จำ.{0,20}ไม่ได้|ขอไม่ตอบ"
        r"|ไม่ขอตอบ|ขอข้าม|ขอผ่าน|ขอสละสิทธิ์|ตอบไม่ได้|บอก.{0,15}ไม่ได้|ให้ไม่ได้|เข้าถึง.{0,25}ไม่ได้|งดตอบ",
        r"แต่|น่าจะ|อาจจะ|คิดว่า|คงจะ|คงเป็น",
        r"ขออภัย|ขอโทษ|เสียใจ|กรุณา|โปรด|แนะนำ|เนื่องจาก|จึง|ควร",
        advice=r"(?:ลองสอบถาม|ลองค้น|แนะนำให้|ควรตรวจสอบ|เว็บไซต์)",
        cased=False,
    ),
    Language(
        "Vietnamese",
        r"\bngoài (?:hiểu biết|phạm vi|khả năng|kiến thức|tầm)\b|\bmù tịt\b|"
        r"\b(?:không|chẳng|chưa) (?:\w+ )?(?:biết|rõ|nhớ|thể|chắc|có (?:thông tin|dữ liệu|câu trả lời"
        r"|đủ|kiến thức)|truy cập|trả lời|dám|muốn đoán)|\bchịu\b|xin phép không|\btừ chối|bó tay|bỏ qua",
        r"\b(?:nhưng|tuy nhiên|có lẽ|hình như|chắc là|song|có thể là|tôi nghĩ|tôi đoán)\b",
        r"\b(?:xin lỗi|rất tiếc|tiếc|vui lòng|hãy|bạn (?:nên|có thể)|là một|vì|do đó|nên)\b",
        advice=r"\b(?:tham khảo|tra cứu|kiểm tra|trang web|bách khoa|thư viện|bạn (?:có thể|nên|hãy))\b",
        signs="khong chiu ngoai",
    ),
    Language(
        "Indonesian",
        r"\b(?:entah)\b|"
        r"\b(?:tidak|nggak|ngga|gak|tak|kurang|belum) (?:\w+ )?(?:tahu|tau|memiliki|punya|dapat|bisa|ingat|yakin"
        r"|mengetahui|menjawab|mampu|mengenal|akan menjawab|ada (?:informasi|data))"
        r"|\bdi luar (?:kemampuan|pengetahuan|jangkauan)|\bsaya lewati|memilih untuk tidak|\bdi bawah batas"
        r"|\bmenolak\b|\babstain\b|entahlah",
        r"\b(?:tapi|tetapi|namun|mungkin|sepertinya|barangkali|kira-kira|saya rasa|saya pikir)\b",
        r"\b(?:maaf|mohon|silakan|sebaiknya|sayangnya|sehingga|karena|sebagai (?:model|ai)|disarankan|nih|wah|waduh"
        r"|aduh|hmm)\b",
        advice=r"\b(?:silakan|sebaiknya|coba (?:cek|cari|tanya|periksa)|situs|ensiklopedia|perpustakaan|disarankan)\b",
        signs="tidak nggak ngga gak tak kurang belum luar lewati bawah menolak entahlah",
    ),
    Language(
        "Turkish",
        r"\bverem\w+|\bistem(?:em|iyor\w*|ey\w*)\b|"
        r"\bbilm(?:iyor\w*|em\b|ediğim\w*)|\bbilgi(?:m|ye|ler\w*)? .{0,30}(?:yok|bulunm\w+|değil\w*|olmad\w+)"
        r"|\bhatırla(?:mıyor(?:um|uz)|mad\w+|yam\w+)|\bfikrim yok|\bemin değil\w*|\bcevap ver(?:em\w+|mem\w*"
        r"|mey\w*|miy\w*)"
        r"|\byanıt(?:la(?:ya)?m\w+| ver(?:em\w+|mem\w*|mey\w*))|\bver(?:em)iyor\w*|\bsöyleyem\w+"
        r"|\berişim\w* (?:yok|olmad\w+)|\bpas geç\w+|\bçekimser|\bbilinm\w+|\bmümkün değil|\bcevaplayam\w+",
        r"\b(?:ama|ancak|fakat|sanırım|galiba|belki|muhtemelen|bence|tahminim\w*)\b",
        r"\b(?:üzgün\w*|maalesef|özür|lütfen|öner\w+|başvur\w+|çünkü|olarak|kusura|ne yazık)\b",
        advice=r"\b(?:başvur\w+|kontrol ed\w+|danış\w+|bakabilir\w*|web sitesi\w*|ansiklopedi\w*|kütüphane\w*"
        r"|arşiv\w*|öner\w+)\b",
        signs=(
            "bilmiyorum bilmiyoruz bilmem bilgim bilgiye fikrim cevap veremiyorum veremem erisimim maalesef uzgunum "
            "degil degilim yok yanitlayamiyorum yanitlayamam soyleyemem "
            "soyleyemiyorum hatirlamiyorum hatirlayamiyorum bilinmiyor mumkun"
        ),
    ),
)
"""The languages in which a refusal is found beside English."""


@lru_cache(maxsize=16)
def signs(languages: tuple[Language, ...] = LANGUAGES) -> frozenset[str]:
    """Return the words of which one stands in every refusal, written in ASCII letters, of the `languages`."""
    return frozenset(word for language in languages for word in language.signs.split())


@lru_cache(maxsize=16)
def _sign(languages: tuple[Language, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(sorted(signs(languages))) or '(?!)'})\b")


def may_decline(text: str, languages: tuple[Language, ...] = LANGUAGES) -> bool:
    """Return whether `text`, in lower case, may decline in one of the `languages`: a quick look."""
    return not text.isascii() or _sign(languages).search(text) is not None


def declines_in(text: str, languages: tuple[Language, ...] = LANGUAGES) -> bool:
    """Return whether `text`, folded, declines in one of the `languages`; one in ASCII letters needs a sign of it."""
    if len(text) > _LONGEST:
        return False
    words = frozenset(_WORD.findall(text.lower())) if text.isascii() else None
    tried = (one for one in languages if words is None or not words.isdisjoint(one.signs.split()))
    return any(language.says_no(text) for language in tried)
