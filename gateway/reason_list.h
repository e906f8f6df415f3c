/* X(NAME, SHEP code, HTTP status, kk, ru, en). No include guard: included once for the enum, once for the table.
 * SCE codes: interfaces 1.6. A code, once published, keeps its meaning; new ones go at the end of their group. */
/* clang-format off */
X(NONE, "", 200, "", "", "")

/* The carrier */
X(HTTP_MALFORMED, "SCE001", 400, "HTTP сұрауы дұрыс құрылмаған.", "HTTP-запрос составлен неверно.", "The HTTP request is malformed.")
X(HTTP_NOT_FOUND, "SCE004", 404, "Мұндай мекенжай жоқ.", "Такого адреса нет.", "There is nothing at this address.")
X(HTTP_METHOD, "SCE001", 405, "Бұл мекенжайда мұндай әдіс қолданылмайды.", "Этот метод по данному адресу не поддерживается.", "This method is not allowed here.")
X(HTTP_TIMEOUT, "SCE001", 408, "Сұрау белгіленген уақытта толық келмеді.", "Запрос не был передан полностью за отведённое время.", "The request did not arrive in time.")
X(HTTP_TOO_LARGE, "SCE001", 413, "Сұраудың көлемі рұқсат етілгеннен үлкен.", "Размер запроса превышает допустимый.", "The request is larger than allowed.")
X(HTTP_TYPE, "SCE001", 415, "Content-Type тақырыбының мәні қолдау таппайды.", "Тип содержимого (Content-Type) не поддерживается.", "The Content-Type is not supported.")
X(HTTP_HEADERS_TOO_LARGE, "SCE001", 431, "HTTP тақырыптары тым үлкен.", "Заголовки HTTP слишком велики.", "The HTTP headers are larger than allowed.")
X(OVERLOADED, "SCE909", 503, "Шлюз уақытша шамадан тыс жүктелген, кейінірек қайталаңыз.", "Шлюз временно перегружен, повторите позже.", "The gateway is overloaded; please try again later.")
X(STORE_UNAVAILABLE, "SCE909", 503, "Сұрауды қазір сақтау мүмкін емес, кейінірек қайталаңыз. Сұрау қабылданған жоқ.", "Запрос сейчас невозможно сохранить, повторите позже. Запрос не принят.", "The request cannot be stored right now; it was not accepted, please try again later.")
X(STOPPING, "SCE909", 503, "Шлюз тоқтатылып жатыр, кейінірек қайталаңыз.", "Шлюз останавливается, повторите позже.", "The gateway is stopping; please try again later.")
X(INTERNAL, "SCE909", 500, "Ішкі қате. Әкімшіге хабарланды.", "Внутренняя ошибка. Администратор уведомлён.", "Internal error; the operator has been told.")

/* XML, before and at parsing */
X(XML_NOT_WELL_FORMED, "SCE001", 400, "XML құжаты дұрыс құрылмаған.", "XML-документ составлен неверно.", "The XML is not well-formed.")
X(XML_ENCODING, "SCE001", 400, "XML құжаты UTF-8 кодында болуы тиіс.", "XML-документ должен быть в кодировке UTF-8.", "The XML must be encoded in UTF-8.")
X(XML_DOCTYPE, "SCE001", 400, "XML құжатында DOCTYPE қолдануға болмайды.", "DOCTYPE в XML-документе не допускается.", "A DOCTYPE is not allowed.")
X(XML_PROCESSING_INSTRUCTION, "SCE001", 400, "XML құжатында өңдеу нұсқаулары қолданылмайды.", "Инструкции обработки в XML-документе не допускаются.", "Processing instructions are not allowed.")
X(XML_TOO_DEEP, "SCE001", 400, "XML элементтерінің кірістірілуі тым терең.", "Вложенность элементов XML слишком велика.", "The XML is nested too deeply.")
X(XML_TOO_COMPLEX, "SCE001", 400, "XML құжатында элементтер, атрибуттар немесе аттар кеңістігі тым көп.", "В XML-документе слишком много элементов, атрибутов или пространств имён.", "The XML has too many elements, attributes or namespace declarations.")

/* SOAP and the SHEP contract */
X(SOAP_NOT_ENVELOPE, "SCE001", 400, "Құжат SOAP конверті емес.", "Документ не является конвертом SOAP.", "The document is not a SOAP envelope.")
X(SOAP_STRUCTURE, "SCE001", 400, "SOAP хабарламасының құрылымы ШЭП келісіміне сәйкес емес.", "Структура SOAP-сообщения не соответствует контракту ШЭП.", "The SOAP message does not follow the SHEP contract.")
X(SOAP_OPERATION, "SCE001", 400, "Мұндай операция жоқ.", "Такой операции нет.", "There is no such operation.")
X(SOAP_MUST_UNDERSTAND, "SCE001", 400, "Міндетті SOAP тақырыбы танылмады.", "Обязательный заголовок SOAP не распознан.", "A mandatory SOAP header was not understood.")
X(DATA_MISSING, "SCE001", 400, "Хабарламада деректер (data) жоқ.", "В сообщении нет данных (data).", "The message has no data.")
X(DATA_FORM, "SCE001", 400, "data элементінің мазмұны өтініш құжаты емес.", "Содержимое элемента data не является документом заявления.", "The data element does not hold an application document.")
X(MESSAGE_DATE_STALE, "SCE001", 422, "Хабарламаның күні тым ескі.", "Дата сообщения слишком старая.", "The message date is too old.")
X(MESSAGE_DATE_FUTURE, "SCE001", 422, "Хабарламаның күні болашақта.", "Дата сообщения находится в будущем.", "The message date is in the future.")
X(MESSAGE_ID_REUSED, "SCE001", 409, "Бұл messageId басқа мазмұнмен бұрын қолданылған.", "Этот messageId уже использован с другим содержимым.", "This messageId was already used with other content.")
X(SERVICE_UNKNOWN, "SCE004", 404, "Мұндай қызмет тіркелмеген.", "Такая услуга не зарегистрирована.", "There is no such service.")
X(SERVICE_NOT_AVAILABLE, "SCE004", 422, "Қызмет бұл арна арқылы көрсетілмейді.", "Услуга через этот канал не оказывается.", "The service is not provided through this channel.")
X(FORM_INVALID, "SCE001", 422, "Өтініш нысаны дұрыс толтырылмаған.", "Форма заявления заполнена неверно.", "The application form is not filled in correctly.")
X(CONSENT_MISSING, "SCE001", 422, "Заңмен қорғалатын мәліметтерді пайдалануға келісім жоқ.", "Нет согласия на использование сведений, составляющих охраняемую законом тайну.", "The consent to use legally protected data is missing.")

/* Transport signature (sender's information system). The order of these and of the applicant's rows is the order of enum sig_problem. */
X(TRANSPORT_SIGNATURE_MISSING, "SCE007", 403, "Көліктік ЭЦҚ жоқ.", "Транспортная ЭЦП отсутствует.", "The transport signature is missing.")
X(TRANSPORT_SIGNATURE_INVALID, "SCE006", 403, "Көліктік ЭЦҚ дұрыс емес.", "Транспортная ЭЦП неверна.", "The transport signature is not valid.")
X(TRANSPORT_SIGNATURE_COVERAGE, "SCE006", 403, "Көліктік ЭЦҚ хабарламаның денесін дәл қамтымайды.", "Транспортная ЭЦП не охватывает именно тело этого сообщения.", "The transport signature does not cover exactly the body of this message.")
X(TRANSPORT_SIGNATURE_ALGORITHM, "SCE006", 403, "Көліктік ЭЦҚ алгоритміне рұқсат жоқ.", "Алгоритм транспортной ЭЦП не допускается.", "An algorithm of the transport signature is not allowed.")
X(TRANSPORT_CERTIFICATE_UNREADABLE, "SCE006", 403, "Жіберуші жүйенің сертификаты оқылмады.", "Сертификат системы-отправителя не читается.", "The sender's certificate is missing or cannot be read.")
X(TRANSPORT_CERTIFICATE_EXPIRED, "SCE005", 403, "Жіберуші жүйе сертификатының мерзімі өткен.", "Срок действия сертификата системы-отправителя истёк.", "The sender's certificate has expired.")
X(TRANSPORT_CERTIFICATE_NOT_YET_VALID, "SCE005", 403, "Жіберуші жүйе сертификатының мерзімі әлі басталмаған.", "Срок действия сертификата системы-отправителя ещё не наступил.", "The sender's certificate is not valid yet.")
X(TRANSPORT_CERTIFICATE_UNTRUSTED, "SCE005", 403, "Жіберуші жүйенің сертификаты сенімді куәландырушы орталықтан емес.", "Сертификат системы-отправителя выдан не доверенным удостоверяющим центром.", "The sender's certificate does not lead to a trusted authority.")
X(TRANSPORT_CERTIFICATE_REVOKED, "SCE005", 403, "Жіберуші жүйенің сертификаты қайтарып алынған.", "Сертификат системы-отправителя отозван.", "The sender's certificate has been revoked.")
X(TRANSPORT_CERTIFICATE_USAGE, "SCE006", 403, "Жіберуші жүйенің сертификаты қол қоюға арналмаған.", "Сертификат системы-отправителя не предназначен для подписания.", "The sender's certificate is not meant for signing.")
X(TRANSPORT_CERTIFICATE_ROLE, "SCE006", 403, "Сертификат ақпараттық жүйеге тиесілі емес.", "Сертификат не принадлежит информационной системе.", "The certificate is not one of an information system.")
X(TRANSPORT_KEY_WEAK, "SCE006", 403, "Жіберуші жүйенің кілті әлсіз.", "Ключ системы-отправителя слишком слабый.", "The sender's key is too weak.")

/* Applicant's signature (business data): the same problems in the same order */
X(APPLICANT_SIGNATURE_MISSING, "SCE017", 422, "Өтініш берушінің ЭЦҚ жоқ.", "ЭЦП заявителя отсутствует.", "The applicant's signature is missing.")
X(APPLICANT_SIGNATURE_INVALID, "SCE016", 422, "Өтініш берушінің ЭЦҚ дұрыс емес.", "ЭЦП заявителя неверна.", "The applicant's signature is not valid.")
X(APPLICANT_SIGNATURE_COVERAGE, "SCE016", 422, "Өтініш берушінің ЭЦҚ өтінішті толық қамтымайды.", "ЭЦП заявителя не охватывает всё заявление.", "The applicant's signature does not cover exactly the whole application.")
X(APPLICANT_SIGNATURE_ALGORITHM, "SCE016", 422, "Өтініш беруші ЭЦҚ-сының алгоритміне рұқсат жоқ.", "Алгоритм ЭЦП заявителя не допускается.", "An algorithm of the applicant's signature is not allowed.")
X(APPLICANT_CERTIFICATE_UNREADABLE, "SCE016", 422, "Өтініш берушінің сертификаты оқылмады.", "Сертификат заявителя не читается.", "The applicant's certificate is missing or cannot be read.")
X(APPLICANT_CERTIFICATE_EXPIRED, "SCE015", 422, "Өтініш беруші сертификатының мерзімі өткен.", "Срок действия сертификата заявителя истёк.", "The applicant's certificate has expired.")
X(APPLICANT_CERTIFICATE_NOT_YET_VALID, "SCE015", 422, "Өтініш беруші сертификатының мерзімі әлі басталмаған.", "Срок действия сертификата заявителя ещё не наступил.", "The applicant's certificate is not valid yet.")
X(APPLICANT_CERTIFICATE_UNTRUSTED, "SCE015", 422, "Өтініш берушінің сертификаты сенімді куәландырушы орталықтан емес.", "Сертификат заявителя выдан не доверенным удостоверяющим центром.", "The applicant's certificate does not lead to a trusted authority.")
X(APPLICANT_CERTIFICATE_REVOKED, "SCE015", 422, "Өтініш берушінің сертификаты қайтарып алынған.", "Сертификат заявителя отозван.", "The applicant's certificate has been revoked.")
X(APPLICANT_CERTIFICATE_USAGE, "SCE016", 422, "Өтініш берушінің сертификаты құжатқа қол қоюға арналмаған (AUTH).", "Сертификат заявителя не предназначен для подписания документов (AUTH).", "The applicant's certificate is not meant for signing documents (AUTH).")
X(APPLICANT_CERTIFICATE_ROLE, "SCE016", 422, "Сертификат жеке тұлғаға тиесілі емес.", "Сертификат не принадлежит физическому лицу.", "The certificate is not one of an individual.")
X(APPLICANT_KEY_WEAK, "SCE016", 422, "Өтініш берушінің кілті әлсіз.", "Ключ заявителя слишком слабый.", "The applicant's key is too weak.")

/* Who may */
X(SENDER_UNKNOWN, "SCE006", 403, "Жіберуші (senderId) тіркелмеген.", "Отправитель (senderId) не зарегистрирован.", "The sender (senderId) is not registered.")
X(SENDER_CERTIFICATE_MISMATCH, "SCE006", 403, "Хабарламаға қол қойған сертификат бұл жіберушіге тіркелмеген.", "Сертификат, которым подписано сообщение, не зарегистрирован за этим отправителем.", "The certificate that signed the message is not registered for this sender.")
X(SENDER_SERVICE_FORBIDDEN, "SCE004", 403, "Бұл жіберушіге осы қызметке рұқсат берілмеген.", "Отправителю не разрешена эта услуга.", "This sender may not use this service.")
X(CLIENT_CERTIFICATE_REQUIRED, "SCE007", 403, "Тіркелген жіберушінің TLS клиент сертификаты қажет.", "Требуется клиентский сертификат TLS зарегистрированного отправителя.", "A TLS client certificate of a registered sender is required.")
X(APPLICANT_IIN_MISMATCH, "SCE016", 422, "Өтініштегі ЖСН қол қоюшының ЖСН-іне сәйкес емес.", "ИИН в заявлении не совпадает с ИИН подписавшего.", "The IIN in the application is not the signer's IIN.")
X(APPLICANT_IIN_INVALID, "SCE016", 422, "ЖСН дұрыс емес.", "ИИН неверен.", "The IIN is not valid.")

/* Reading back */
X(REQUEST_NOT_FOUND, "SCE004", 404, "Мұндай сұрау табылмады.", "Такой запрос не найден.", "There is no such request.")
X(RESULT_NOT_READY, "SCE004", 404, "Нәтиже әлі дайын емес.", "Результат ещё не готов.", "The result is not ready yet.")

/* State information systems, cabinet, our own signing */
X(REGISTRY_SILENT, "SCE909", 503, "Мемлекеттік ақпараттық жүйе жауап бермеді.", "Государственная информационная система не ответила.", "A state information system did not answer.")
X(REGISTRY_FAULT, "SCE909", 503, "Мемлекеттік ақпараттық жүйе қате қайтарды.", "Государственная информационная система вернула ошибку.", "A state information system answered with a fault.")
X(REGISTRY_ANSWER_INVALID, "SCE909", 503, "Мемлекеттік ақпараттық жүйенің жауабы тексеруден өтпеді.", "Ответ государственной информационной системы не прошёл проверку.", "The answer of a state information system could not be accepted.")
X(PEER_UNREACHABLE, "SCE909", 503, "Қабылдаушы жүйемен байланыс жоқ.", "Нет связи с принимающей системой.", "The receiving system cannot be reached.")
X(PEER_REFUSED, "SCE909", 502, "Қабылдаушы жүйе хабарламаны қабылдамады.", "Принимающая система отклонила сообщение.", "The receiving system refused the message.")
X(PEER_ANSWER_INVALID, "SCE909", 502, "Қабылдаушы жүйенің жауабы тексеруден өтпеді.", "Ответ принимающей системы не прошёл проверку.", "The answer of the receiving system could not be accepted.")
X(SIGNER_UNAVAILABLE, "SCE909", 503, "Қол қою қызметі уақытша қолжетімсіз.", "Служба подписания временно недоступна.", "The signing service is unavailable.")
X(CONFIGURATION, "SCE909", 500, "Баптауда қате бар.", "Ошибка в настройке.", "The configuration is wrong.")
/* clang-format on */
