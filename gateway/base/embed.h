/* Puts a file into the program at build time, ended by a NUL; the path is from the repository's root, where make runs, and the Makefile names what depends on it. */
#ifndef GW_BASE_EMBED_H
#define GW_BASE_EMBED_H

#define EMBED(symbol, path)                              \
        __asm__(".pushsection .rodata, \"a\"\n"          \
                ".local " #symbol "\n"                   \
                #symbol ":\n"                            \
                ".incbin \"" path "\"\n"                 \
                ".byte 0\n"                              \
                ".popsection\n");                        \
        extern const char symbol[] __attribute__((visibility("hidden")))

#endif
