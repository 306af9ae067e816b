// Writes lib/rule/regex_table.h: what Go's package unicode says of characters, in the names that its
// package regexp/syntax understands. Usage: go run tools/regex_table.go > lib/rule/regex_table.h, with Go 1.26.
//
// Some scripts are left out: regexp/syntax normalises a name to one upper-case letter and small ones before it
// looks it up, so that "Old_Italic" is never found there.
package main

import (
	"fmt"
	"log"
	"slices"
	"strings"
	"unicode"
)

const last = unicode.MaxRune

// As in regexp/syntax.
func canonical(name string) string {
	name = strings.NewReplacer("_", "", "-", "", " ", "").Replace(name)
	return strings.ToUpper(name[:1]) + strings.ToLower(name[1:])
}

type run struct{ first, last rune }

func runs(is func(rune) bool) (out []run) {
	for c := rune(0); c <= last; c++ {
		if !is(c) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].last == c-1 {
			out[n-1].last = c
		} else {
			out = append(out, run{c, c})
		}
	}
	return
}

var line string

func put(item string) {
	if len(line)+1+len(item) > 100 {
		fmt.Println(line)
		line = ""
	}
	if line == "" {
		line = "   "
	}
	line += " " + item
}

func end() {
	if line != "" {
		fmt.Println(line)
	}
	line = ""
	fmt.Println("};")
}

type name struct {
	text       string
	first, num int // groups
}

func main() {
	if unicode.Version != "15.0.0" {
		log.Fatal("Unicode 15.0.0 is needed, this is ", unicode.Version)
	}
	var groups [][]run
	var names []name

	// Categories of two letters divide all characters; sorted, so that those of one letter are neighbours.
	var categories []string
	for key := range unicode.Categories {
		if len(key) == 2 && key != "LC" {
			categories = append(categories, key)
		}
	}
	slices.Sort(categories)
	total := 0
	for _, key := range categories {
		table := unicode.Categories[key]
		group := runs(func(c rune) bool { return unicode.Is(table, c) })
		for _, r := range group {
			total += int(r.last-r.first) + 1
		}
		names = append(names, name{key, len(groups), 1})
		groups = append(groups, group)
	}
	if total != last+1 {
		log.Fatal("categories overlap, or leave something out")
	}
	find := func(key string) name {
		for _, n := range names {
			if n.text == key {
				return n
			}
		}
		log.Fatal("no category ", key)
		return name{}
	}
	// LC is Ll, Lt, Lu: not neighbours, so it has a group of its own.
	for key, table := range unicode.Categories {
		if len(key) != 1 && key != "LC" {
			continue
		}
		n := name{canonical(key), len(groups), 1}
		if len(key) == 1 {
			n.first = slices.IndexFunc(categories, func(c string) bool { return c[0] == key[0] })
			n.num = 0
			for _, c := range categories {
				if c[0] == key[0] {
					n.num++
				}
			}
			for c := rune(0); c <= last; c++ {
				inside := slices.ContainsFunc(categories[n.first:n.first+n.num], func(k string) bool {
					return unicode.Is(unicode.Categories[k], c)
				})
				if inside != unicode.Is(table, c) {
					log.Fatalf("%s: %#x", key, c)
				}
			}
		} else {
			groups = append(groups, runs(func(c rune) bool { return unicode.Is(table, c) }))
		}
		names = append(names, n)
	}
	for alias, key := range unicode.CategoryAliases {
		n := find(canonical(key))
		n.text = canonical(alias)
		names = append(names, n)
	}
	var scripts []string
	for key := range unicode.Scripts {
		if canonical(key) == key {
			scripts = append(scripts, key)
		}
	}
	slices.Sort(scripts)
	for _, key := range scripts {
		table := unicode.Scripts[key]
		names = append(names, name{key, len(groups), 1})
		groups = append(groups, runs(func(c rune) bool { return unicode.Is(table, c) }))
	}
	// Three that regexp/syntax adds.
	unassigned := unicode.Categories["Cn"]
	for _, special := range []struct {
		text string
		is   func(rune) bool
	}{
		{"Any", func(rune) bool { return true }},
		{"Ascii", func(c rune) bool { return c < 0x80 }},
		{"Assigned", func(c rune) bool { return !unicode.Is(unassigned, c) }},
	} {
		names = append(names, name{special.text, len(groups), 1})
		groups = append(groups, runs(special.is))
	}
	slices.SortFunc(names, func(a, b name) int { return strings.Compare(a.text, b.text) })
	for i := 1; i < len(names); i++ {
		if names[i].text == names[i-1].text {
			log.Fatal("twice: ", names[i].text)
		}
	}

	fmt.Printf("/* Written by tools/regex_table.go: do not edit.\n *\n")
	fmt.Printf(" * Unicode %s as Go's regexp/syntax sees it: runs of characters in groups, names for groups in a row, and\n", unicode.Version)
	fmt.Printf(" * simple case folding. */\n\n")
	fmt.Printf("/* A run: its first character << 11 | its length - 1; one longer than 2048 goes on in the next. */\n")
	fmt.Printf("static const uint32_t property_runs[] = {\n")
	starts := []int{0}
	for _, group := range groups {
		n := starts[len(starts)-1]
		for _, r := range group {
			for first := r.first; first <= r.last; first += 2048 {
				put(fmt.Sprintf("0x%x,", uint32(first)<<11|uint32(min(r.last-first, 2047))))
				n++
			}
		}
		starts = append(starts, n)
	}
	end()
	fmt.Printf("\n/* Where each group begins, and where the last one ends. */\n")
	fmt.Printf("static const uint16_t property_starts[] = {\n")
	for _, n := range starts {
		put(fmt.Sprintf("%d,", n))
	}
	end()
	fmt.Printf("\n/* Ascending by name. */\nstatic const struct property_name {\n    char name[22];\n    uint8_t group, num;\n} property_names[] = {\n")
	for _, n := range names {
		if len(n.text) > 21 || n.first+n.num > 255 {
			log.Fatal("does not fit: ", n.text)
		}
		put(fmt.Sprintf("{%q, %d, %d},", n.text, n.first, n.num))
	}
	end()
	fmt.Printf("\n/* Characters that have others alike, by their first ones: first, first + step, ..., num of them; the next of\n")
	fmt.Printf(" * each one's circle is as far behind (or ahead) as delta says. */\n")
	fmt.Printf("static const struct fold_run {\n    uint32_t first;\n    int32_t delta;\n    uint16_t num, step;\n} fold_runs[] = {\n")
	for _, f := range folds() {
		put(fmt.Sprintf("{0x%x, %d, %d, %d},", f.first, f.delta, f.num, f.step))
	}
	end()
}

type fold struct{ first, delta, num, step rune }

func folds() (out []fold) {
	for c := rune(0); c <= last; c++ {
		delta := unicode.SimpleFold(c) - c
		if delta == 0 {
			continue
		}
		added := false
		for i := len(out) - 1; i >= 0 && !added && c-out[i].first <= 2*out[i].num; i-- {
			f := &out[i]
			for _, step := range []rune{1, 2} {
				if f.delta == delta && (f.num == 1 || f.step == step) && c == f.first+f.num*step {
					f.step = step
					f.num++
					added = true
					break
				}
			}
		}
		if !added {
			out = append(out, fold{c, delta, 1, 1})
		}
	}
	return
}
