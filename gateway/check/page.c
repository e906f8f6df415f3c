/* The texts in three languages and the little HTML around them. */
#include "gateway/check/page.h"

#include <string.h>

#include "gateway/base/text.h"

enum { KK, RU, EN, LANGUAGES };
static const char *const codes[LANGUAGES] = {"kk", "ru", "en"};
static const char *const names[LANGUAGES] = {"Қазақша", "Русский", "English"};

enum text { T_TITLE, T_ABOUT, T_NUMBER, T_IIN, T_CHECK, T_FILE_TITLE, T_FILE_ABOUT, T_FILE, T_SEND, T_ISSUED, T_SERVICE, T_ISSUER, T_REASON, T_COUNT };
static const char *const texts[T_COUNT][LANGUAGES] = {
        [T_TITLE] = {"Құжаттың түпнұсқалығын тексеру", "Проверка подлинности документа", "Is this document genuine?"},
        [T_ABOUT] = {"Құжаттың бірегей нөмірін және онда көрсетілген адамның ЖСН-ін енгізіңіз.", "Введите уникальный номер документа и ИИН человека, который в нём указан.",
                     "Enter the unique number of the document and the IIN of the person it names."},
        [T_NUMBER] = {"Бірегей нөмір (14 сан)", "Уникальный номер (14 цифр)", "Unique number (14 digits)"},
        [T_IIN] = {"ЖСН (12 сан)", "ИИН (12 цифр)", "IIN (12 digits)"},
        [T_CHECK] = {"Тексеру", "Проверить", "Check"},
        [T_FILE_TITLE] = {"Файлды тексеру", "Проверка файла", "Check a file"},
        [T_FILE_ABOUT] = {"Құжаттың PDF немесе XML файлын, не QR кодтарының оқылған мазмұнын жіберіңіз: сонда мәтіннің өзгермегені де тексеріледі. Файл сақталмайды.",
                          "Отправьте документ в PDF или XML либо считанное содержимое его QR-кодов: тогда проверяется и то, что текст не изменён. Файл не сохраняется.",
                          "Send the document as PDF or XML, or what was read from its QR codes: then it is also checked that its text was not changed. The file is not kept."},
        [T_FILE] = {"Файл", "Файл", "File"},
        [T_SEND] = {"Жіберу", "Отправить", "Send"},
        [T_ISSUED] = {"Берілген күні", "Дата выдачи", "Issued on"},
        [T_SERVICE] = {"Мемлекеттік қызмет", "Государственная услуга", "Service"},
        [T_ISSUER] = {"Кім берді", "Кем выдан", "Issued by"},
        [T_REASON] = {"Себебі", "Причина", "Reason"},
};
static const char *const verdicts[CHECK_VERDICT_COUNT][LANGUAGES] = {
        [CHECK_ASKED] = {"", "", ""},
        [CHECK_GENUINE] = {"Иә: осы нөмірмен және осы ЖСН-мен құжат берілген. Мәтінін тексеру үшін файлды немесе QR кодтарды жіберіңіз.",
                           "Да: документ с этим номером и ИИН выдан. Чтобы проверить и текст, отправьте файл или QR-коды.",
                           "Yes: a document with this number and IIN was issued. To check its text too, send the file or the QR codes."},
        [CHECK_NOT_GENUINE] = {"Жоқ: мұндай нөмірмен және ЖСН-мен құжат берілмеген.", "Нет: документ с таким номером и ИИН не выдавался.",
                               "No: no document with this number and IIN was issued."},
        [CHECK_INPUT] = {"Нөмір 14 саннан, ЖСН 12 саннан тұруы тиіс.", "Номер должен состоять из 14 цифр, ИИН из 12.", "The number must have 14 digits and the IIN 12."},
        [CHECK_TOO_OFTEN] = {"Тексеру сұраулары тым жиі келуде. Бір минут күтіп, қайталаңыз.", "Слишком много проверок подряд. Подождите минуту и повторите.",
                             "Too many checks in a short time. Wait a minute and try again."},
        [CHECK_LATER] = {"Қазір тексеру мүмкін емес. Кейінірек қайталаңыз.", "Сейчас проверить невозможно. Повторите позже.", "It cannot be checked right now. Please try again later."},
};
static const char *const file_verdicts[2][LANGUAGES] = {
        {"Жоқ: бұл файл осы жерде берілген құжат емес немесе өзгертілген.", "Нет: этот файл не является выданным здесь документом или изменён.",
         "No: this file is no document that was issued here, or it was changed."},
        {"Иә: файл түпнұсқа, берілгеннен кейін өзгертілмеген.", "Да: файл подлинный и после выдачи не изменён.", "Yes: the file is genuine and was not changed since it was issued."},
};

static const char style[] = "body{font:1.1rem/1.5 sans-serif;max-width:40rem;margin:1rem auto;padding:0 1rem;color:#111;background:#fff}"
                            "label{display:block;margin-top:1rem}input,button{font:inherit;padding:.5rem;border:1px solid #555;border-radius:4px;max-width:100%}"
                            "button{margin-top:1rem;background:#0b4f8a;color:#fff}.verdict{padding:1rem;border:3px solid #555}.yes{border-color:#0a6b2d}.no{border-color:#b00020}"
                            "dt{font-weight:bold}dd{margin:0 0 .5rem}a{color:#0b4f8a}:focus-visible{outline:3px solid #f0a000}";

void check_page_policy(struct buf *out)
{
        uint8_t digest[32];
        text_sha256(span_of(style, sizeof style - 1), digest);
        buf_add_str(out, "default-src 'none'; style-src 'sha256-");
        text_base64(out, span_of(digest, sizeof digest));
        buf_add_str(out, "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
}

static int language_index(const char *code, size_t n)
{
        for (int i = 0; i < LANGUAGES; i++)
                if (n >= 2 && strncasecmp(code, codes[i], 2) == 0 && (n == 2 || code[2] == '-'))
                        return i;
        return -1;
}

const char *check_page_language(const char *query, const char *accept_language)
{
        const char *asked = query && str_starts(query, "lang=") ? query + strlen("lang=") : NULL;
        int found = asked ? language_index(asked, strlen(asked)) : -1;
        for (const char *p = accept_language ? accept_language : ""; found < 0 && *p;) {
                p += strspn(p, " ,");
                size_t n = strcspn(p, ",; ");
                found = language_index(p, n);
                p += strcspn(p, ",");
        }
        return codes[found < 0 ? KK : found];
}

static void add_escaped(struct buf *out, const char *text)
{
        for (; *text; text++) {
                const char *entity = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '"' ? "&quot;" : *text == '\'' ? "&#39;" : NULL;
                if (entity)
                        buf_add_str(out, entity);
                else
                        buf_add_char(out, *text);
        }
}

static void add_term(struct buf *out, const char *term, const char *value)
{
        if (!value || !*value)
                return;
        buf_printf(out, "<dt>%s</dt><dd>", term);
        add_escaped(out, value);
        buf_add_str(out, "</dd>");
}

static void add_verdict(const struct check_page *page, int l, struct buf *out)
{
        if (page->verdict == CHECK_ASKED)
                return;
        bool yes = page->verdict == CHECK_GENUINE, file = page->uploaded && (yes || page->verdict == CHECK_NOT_GENUINE);
        buf_printf(out, "<div class=\"verdict %s\" role=\"status\"><p><strong>%s</strong></p><dl>", yes ? "yes" : "no", file ? file_verdicts[yes][l] : verdicts[page->verdict][l]);
        if (yes || file)
                add_term(out, texts[T_NUMBER][l], page->number);
        add_term(out, texts[T_ISSUED][l], page->issued);
        add_term(out, texts[T_SERVICE][l], page->service);
        add_term(out, texts[T_ISSUER][l], page->issuer);
        add_term(out, texts[T_REASON][l], page->reason);
        buf_add_str(out, "</dl></div>\n");
}

void check_page_write(const struct check_page *page, struct buf *out)
{
        int l = language_index(page->language, strlen(page->language));
        GW_ASSERT(l >= 0);
        buf_printf(out, "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                        "<meta name=\"robots\" content=\"noindex\"><title>%s</title><style>%s</style></head>\n<body><nav>", codes[l], texts[T_TITLE][l], style);
        for (int i = 0; i < LANGUAGES; i++) {
                bool number = page->number && *page->number;
                buf_printf(out, "<a href=\"/check%s", number ? "/" : "");
                add_escaped(out, number ? page->number : "");
                buf_printf(out, "?lang=%s\" lang=\"%s\" hreflang=\"%s\"%s>%s</a> ", codes[i], codes[i], codes[i], i == l ? " aria-current=\"true\"" : "", names[i]);
        }
        buf_printf(out, "</nav>\n<main><h1>%s</h1>\n", texts[T_TITLE][l]);
        add_verdict(page, l, out);
        buf_printf(out, "<form method=\"post\" action=\"/check?lang=%s\"><p>%s</p>"
                        "<label for=\"number\">%s</label><input id=\"number\" name=\"number\" inputmode=\"numeric\" pattern=\"[0-9]{14}\" maxlength=\"14\" required autocomplete=\"off\" value=\"",
                   codes[l], texts[T_ABOUT][l], texts[T_NUMBER][l]);
        add_escaped(out, page->number ? page->number : "");
        buf_printf(out, "\"><label for=\"iin\">%s</label><input id=\"iin\" name=\"iin\" inputmode=\"numeric\" pattern=\"[0-9]{12}\" maxlength=\"12\" required autocomplete=\"off\">"
                        "<div><button>%s</button></div></form>\n", texts[T_IIN][l], texts[T_CHECK][l]);
        buf_printf(out, "<h2>%s</h2><form method=\"post\" action=\"/api/v1/verify?lang=%s\" enctype=\"multipart/form-data\"><p>%s</p>"
                        "<label for=\"file\">%s</label><input id=\"file\" name=\"file\" type=\"file\" required><div><button>%s</button></div></form>\n</main></body></html>\n",
                   texts[T_FILE_TITLE][l], codes[l], texts[T_FILE_ABOUT][l], texts[T_FILE][l], texts[T_SEND][l]);
}
